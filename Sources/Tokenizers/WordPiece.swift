import TrawlCore

/// WordPiece (Schuster and Nakajima 2012, as BERT uses it): the longest token from the left, again and again.
struct WordPiece: Sendable {
    let vocabulary: ByteTable
    /// Tokens that continue a word, without their prefix, and what id they have.
    private let continuations: ByteTable
    private let continuationIDs: [TokenID]
    private let unknown: TokenID
    private let longestWord: Int

    init(vocabulary: ByteTable, unknown: TokenID, prefix: String, longestWord: Int) {
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.longestWord = longestWord
        let prefix = Array(prefix.utf8)
        var continuations = ByteTable(capacity: vocabulary.count / 4)
        var ids: [TokenID] = []
        for id in 0..<TokenID(vocabulary.idLimit) {
            _ = vocabulary.withBytes(of: id) { token in
                guard token.count >= prefix.count, token.starts(with: prefix) else { return }
                let rest = UnsafeBufferPointer(rebasing: token[prefix.count...])
                if continuations.insert(rest, id: TokenID(ids.count)) { ids.append(id) }
            }
        }
        self.continuations = continuations
        continuationIDs = ids
    }

    /// - Complexity: O(length of the word x length of its longest token) at worst; about one probe a token in practice.
    func encode(_ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, into output: inout TokenBuffer) {
        if piece.count > longestWord {
            var scalars = 0
            for index in piece where text[index] & 0xC0 != 0x80 { scalars += 1 }
            if scalars > longestWord { return output.append(unknown, piece.lowerBound, piece.upperBound) }
        }
        let checkpoint = output.count
        var start = piece.lowerBound
        while start < piece.upperBound {
            let isFirst = start == piece.lowerBound
            let limit = min(piece.upperBound - start, isFirst ? vocabulary.longest : continuations.longest)
            guard let (id, length) = longestToken(text, start, limit, isFirst) else {
                output.truncate(to: checkpoint)
                return output.append(unknown, piece.lowerBound, piece.upperBound)
            }
            output.append(id, start, start + length)
            start += length
        }
    }

    @inline(__always)
    private func longestToken(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, _ isFirst: Bool
    ) -> (TokenID, Int)? {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: limit + 1) { hashes in
            var hash = ByteTable.hashSeed
            hashes[0] = hash
            for index in 0..<limit {
                hash = ByteTable.step(hash, text[start + index])
                hashes[index + 1] = hash
            }
            var length = limit
            while length > 0 {
                // Tokens end at scalar boundaries.
                if start + length == text.count || text[start + length] & 0xC0 != 0x80 {
                    let candidate = UnsafeBufferPointer(rebasing: text[start..<(start + length)])
                    let key = ByteTable.finish(hashes[length])
                    if isFirst {
                        if let id = vocabulary.find(candidate, hash: key) { return (id, length) }
                    } else if let index = continuations.find(candidate, hash: key) {
                        return (continuationIDs[Int(index)], length)
                    }
                }
                length -= 1
            }
            return nil
        }
    }
}
