import TrawlCore

/// Byte-pair encoding (Sennrich et al. 2016): merges the adjacent pair of lowest rank, the leftmost first.
///
/// Serves both kinds: over bytes (GPT-2), where tokens are stored as the raw bytes they stand for, and over scalars
/// (SentencePiece), where scalars outside the vocabulary fall back to `<0xNN>` tokens or to the unknown token.
struct BytePairEncoding: Sendable {
    struct Options: Sendable {
        var unknown: TokenID?
        var fusesUnknown = false
        var fallsBackToBytes = false
        /// Takes a whole piece that is a token without looking at the merges.
        var ignoresMerges = false
        var continuingPrefix = ""
        var endOfWordSuffix = ""
        /// The vocabulary's tokens are raw bytes and every byte is a symbol.
        var isByteLevel = false
    }

    /// Tokens as the merges see them: raw bytes when `isByteLevel`.
    let symbols: ByteTable
    let merges: MergeTable
    let options: Options
    /// The token of each single byte: itself when `isByteLevel`, `<0xNN>` otherwise. `UInt32.max` where there is none.
    private let byteTokens: [TokenID]

    init(symbols: ByteTable, merges: MergeTable, options: Options) {
        self.symbols = symbols
        self.merges = merges
        self.options = options
        byteTokens = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            let token = options.isByteLevel ? [UInt8(byte)] : Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
            return token.withUnsafeBufferPointer { symbols.find($0) } ?? .max
        }
    }

    /// The longest piece that the cache of words keeps.
    static let longestCached = 64

    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, _ work: inout MergeWork, _ cache: inout WordCache,
        into output: inout TokenBuffer
    ) {
        let word = UnsafeBufferPointer(rebasing: text[piece])
        if word.count == 1, options.isByteLevel, byteTokens[Int(word[0])] != .max {
            return output.append(byteTokens[Int(word[0])], piece.lowerBound, piece.upperBound)
        }
        let isCached = word.count <= BytePairEncoding.longestCached
        let hash = isCached ? ByteTable.hash(word) : 0
        if isCached, cache.find(word, hash, base: piece.lowerBound, into: &output) { return }
        let first = output.count
        if options.ignoresMerges, let id = symbols.find(word) {
            output.append(id, piece.lowerBound, piece.upperBound)
        } else {
            fill(word, &work)
            work.merge(merges)
            var start = piece.lowerBound
            work.visit { id, length in
                output.append(id, start, start + length)
                start += length
            }
            if options.isByteLevel, start < piece.upperBound, output.count > first {
                return shiftAsReference(word, piece.lowerBound, &output, first)
            }
        }
        if isCached { cache.insert(word, hash, tokens: output, from: first) }
    }

    /// Bytes without a token are dropped. The reference then counts the lengths of the tokens from the start of the
    /// word, over the characters that bytes are written as, which puts the offsets behind; so does this.
    private func shiftAsReference(
        _ word: UnsafeBufferPointer<UInt8>, _ base: Int, _ output: inout TokenBuffer, _ first: Int
    ) {
        var rawIndexes: [Int] = []
        for (index, byte) in word.enumerated() {
            for _ in 0..<UTF8Text.width(of: ByteAlphabet.scalars[Int(byte)]) { rawIndexes.append(index) }
        }
        let ids = output.ids[first...]
        output.truncate(to: first)
        var start = 0
        for id in ids {
            let length =
                symbols.withBytes(of: id) { token in
                    token.reduce(0) { $0 + UTF8Text.width(of: ByteAlphabet.scalars[Int($1)]) }
                } ?? 0
            let end = min(start + max(length, 1), rawIndexes.count)
            output.append(id, base + rawIndexes[min(start, end - 1)], base + rawIndexes[end - 1] + 1)
            start = end
        }
    }

    private func fill(_ word: UnsafeBufferPointer<UInt8>, _ work: inout MergeWork) {
        work.clear()
        if options.isByteLevel, options.continuingPrefix.isEmpty, options.endOfWordSuffix.isEmpty {
            var unknown = Unknown()
            for byte in word {
                let id = byteTokens[Int(byte)]
                if id != .max {
                    unknown.flush(&work)
                    work.append(id, 1)
                } else {
                    unknown.add(1, options, &work)
                }
            }
            return unknown.flush(&work)
        }
        var unknown = Unknown()
        var position = 0
        while position < word.count {
            let width = min(UTF8Text.width(word[position]), word.count - position)
            let scalar = UnsafeBufferPointer(rebasing: word[position..<(position + width)])
            let isLast = position + width == word.count
            if let id = symbol(scalar, isFirst: position == 0, isLast: isLast) {
                unknown.flush(&work)
                work.append(id, width)
            } else if options.fallsBackToBytes, scalar.allSatisfy({ byteTokens[Int($0)] != .max }) {
                for byte in scalar { work.append(byteTokens[Int(byte)], 1) }
            } else {
                unknown.add(width, options, &work)
            }
            position += width
        }
        unknown.flush(&work)
    }

    @inline(__always)
    private func symbol(_ scalar: UnsafeBufferPointer<UInt8>, isFirst: Bool, isLast: Bool) -> TokenID? {
        let hasPrefix = !isFirst && !options.continuingPrefix.isEmpty
        let hasSuffix = isLast && !options.endOfWordSuffix.isEmpty
        if !hasPrefix && !hasSuffix { return symbols.find(scalar) }
        var token = hasPrefix ? Array(options.continuingPrefix.utf8) : []
        token.append(contentsOf: scalar)
        if hasSuffix { token.append(contentsOf: options.endOfWordSuffix.utf8) }
        return token.withUnsafeBufferPointer { symbols.find($0) }
    }

    /// An unknown scalar, or several that are fused, not written yet.
    private struct Unknown {
        var length = 0

        mutating func add(_ width: Int, _ options: Options, _ work: inout MergeWork) {
            guard let id = options.unknown else { return }
            if !options.fusesUnknown { flush(&work) }
            self.id = id
            length += width
        }

        mutating func flush(_ work: inout MergeWork) {
            guard length > 0 else { return }
            work.append(id, length)
            length = 0
        }

        private var id: TokenID = 0
    }
}
