public import Core
public import Store

/// Exact counts, next tokens and places of any n-gram of an index, over all its segments.
///
/// ```
/// let index = try SubstringIndex(snapshot)
/// if let range = index.range(of: tokens) {
///     range.count                                  // occurrences
///     index.nextTokens(range)                      // what follows, and how often
///     index.passages(containing: range, limit: 20) // where
/// }
/// ```
///
/// The text is each passage followed by the boundary token. After a boundary comes the first token of a passage, so the
/// boundary also stands for the start of one. An n-gram that goes on beyond a boundary inside it reads on in some
/// other passage, and its count means nothing.
public struct SubstringIndex: Sendable {
    public let segments: [SubstringSegment]
    /// The number in the index of each segment's first passage.
    public let bases: [UInt32]
    /// The token that ends every passage.
    public let boundary: TokenID
    /// The tokens of all passages, boundaries included: N of SEAL's scores.
    public let totalTokens: Int
    public let passageCount: Int
    /// The bytes of all blobs.
    public let byteCount: Int

    /// Opens the substring index of every segment of `snapshot`.
    ///
    /// - Throws: `TrawlError.notFound` when there is none, `.corrupted` or `.incompatible` as `SubstringSegment`.
    public init(_ snapshot: Snapshot) throws {
        let readers = snapshot.segments
        guard !readers.isEmpty else {
            throw TrawlError(.notFound, "the index is empty", path: snapshot.path, remedy: "add documents to it")
        }
        var segments: [SubstringSegment] = []
        for reader in readers {
            let segment = try SubstringSegment(reader)
            guard segment.passageCount == Int(reader.info.passageCount) else {
                throw damagedIndex(
                    "segment \(reader.info.number) has \(reader.info.passageCount) passages, "
                        + "its substring index \(segment.passageCount)"
                ).at(path: snapshot.path)
            }
            segments.append(segment)
        }
        do {
            try self.init(segments, bases: readers.map(\.passageBase))
        } catch let error as TrawlError {
            throw error.at(path: snapshot.path)
        }
    }

    /// - Throws: `TrawlError.incompatible` when the segments do not have one boundary token.
    init(_ segments: [SubstringSegment], bases: [UInt32]) throws {
        guard let first = segments.first else { throw TrawlError(.notFound, "the index is empty") }
        guard segments.allSatisfy({ $0.boundary == first.boundary }) else {
            throw TrawlError(
                .incompatible, "the segments were built with different boundary tokens", remedy: "rebuild the index")
        }
        self.segments = segments
        self.bases = bases
        boundary = first.boundary
        totalTokens = segments.reduce(0) { $0 + $1.tokenCount }
        passageCount = segments.reduce(0) { $0 + $1.passageCount }
        byteCount = segments.reduce(0) { $0 + $1.byteCount }
    }

    /// The range of the empty n-gram, whose count is `totalTokens`.
    public var root: SuffixRange {
        SuffixRange(first: segments[0].root, others: segments.dropFirst().map(\.root))
    }

    /// The range of the n-gram of `range` followed by `token`; nil when it does not occur.
    ///
    /// - Complexity: one pair of ranks a segment, O(log sigma).
    public func extend(_ range: SuffixRange, by token: TokenID) -> SuffixRange? {
        let first = range.first.isEmpty ? nil : segments[0].extend(range.first, by: token)
        if segments.count == 1 { return first.map { SuffixRange(first: $0) } }
        var isEmpty = first == nil
        let others = range.others.enumerated().map { place, rows -> RowRange in
            guard !rows.isEmpty, let next = segments[place + 1].extend(rows, by: token) else { return .empty }
            isEmpty = false
            return next
        }
        return isEmpty ? nil : SuffixRange(first: first ?? .empty, others: others)
    }

    /// `extend` for many ranges at once, such as the beams of a search; `ranges` and `tokens` correspond.
    public func extend(_ ranges: [SuffixRange], by tokens: [TokenID]) -> [SuffixRange?] {
        guard segments.count == 1 else { return zip(ranges, tokens).map { extend($0, by: $1) } }
        return segments[0].extend(ranges.map(\.first), by: tokens).map { $0.map { SuffixRange(first: $0) } }
    }

    /// The range of `ngram`; nil when it does not occur.
    public func range(of ngram: some Sequence<TokenID>) -> SuffixRange? {
        var range = root
        guard range.count > 0 else { return nil }
        for token in ngram {
            guard let next = extend(range, by: token) else { return nil }
            range = next
        }
        return range
    }

    /// How often `ngram` occurs.
    public func count(of ngram: some Sequence<TokenID>) -> Int { range(of: ngram)?.count ?? 0 }

    /// True when `token` follows the n-gram of `range` somewhere.
    public func canFollow(_ range: SuffixRange, _ token: TokenID) -> Bool {
        segments.indices.contains { !range.rows($0).isEmpty && segments[$0].canFollow(range.rows($0), token) }
    }

    /// The tokens that follow the n-gram of `range`, ascending, and how often each does; the counts add up to the
    /// range's.
    ///
    /// - Complexity: O(k log sigma) for k distinct tokens in each segment.
    public func nextTokens(_ range: SuffixRange) -> [TokenCount] {
        if segments.count == 1 { return segments[0].nextTokens(range.first) }
        var all: [TokenCount] = []
        for (place, segment) in segments.enumerated() {
            segment.forEachNext(range.rows(place)) { all.append(TokenCount($0, $1)) }
        }
        all.sort { $0.token < $1.token }
        var merged: [TokenCount] = []
        for next in all {
            if let last = merged.last, last.token == next.token {
                merged[merged.count - 1] = TokenCount(next.token, last.count + next.count)
            } else {
                merged.append(next)
            }
        }
        return merged
    }

    /// Calls `body` with what `nextTokens` lists, in that order.
    public func forEachNext(_ range: SuffixRange, _ body: (TokenID, Int) -> Void) {
        if segments.count == 1 { return segments[0].forEachNext(range.first, body) }
        for next in nextTokens(range) { body(next.token, next.count) }
    }

    /// Sets the bit of every token that follows the n-gram of `range`: bit `token % 64` of word `token / 64`.
    /// Other bits stay as they are; tokens beyond the mask are left out.
    public func allow(_ range: SuffixRange, in mask: inout [UInt64]) {
        mask.withUnsafeMutableBufferPointer { mask in
            for (place, segment) in segments.enumerated() { segment.allow(range.rows(place), in: mask) }
        }
    }

    /// The passages that contain the n-gram of `range` and how often, ascending by number, the first `limit` of them.
    /// An occurrence belongs to the passage of its last token.
    ///
    /// - Complexity: O(count), in sequential reads.
    public func passages(containing range: SuffixRange, limit: Int = .max) -> [PassageCount] {
        var result: [PassageCount] = []
        for (place, segment) in segments.enumerated() where result.count < limit {
            for (passage, count) in segment.passages(range.rows(place), limit: limit - result.count) {
                result.append(PassageCount(PassageID(bases[place] + passage), count))
            }
        }
        return result
    }

    /// Where `ngram` occurs, in ascending order of passage and offset, the first `limit` places. Occurrences that go on
    /// beyond a boundary are left out.
    ///
    /// - Throws: `TrawlError.corrupted` when the text is damaged.
    /// - Complexity: that of finding and reading the passages that contain it.
    public func positions(of ngram: [TokenID], limit: Int = .max) throws -> [TokenPosition] {
        guard let range = range(of: ngram) else { return [] }
        var result: [TokenPosition] = []
        for (place, segment) in segments.enumerated() where result.count < limit {
            let rows = range.rows(place)
            for (passage, offset) in try segment.positions(of: ngram, rows, limit: limit - result.count) {
                result.append(TokenPosition(PassageID(bases[place] + passage), offset))
            }
        }
        return result
    }

    /// The tokens of `passage` in reading order, its boundary last.
    ///
    /// - Throws: `TrawlError.notFound` when there is no such passage, `.corrupted` when the text is damaged.
    public func tokens(of passage: PassageID) throws -> [TokenID] {
        // The last segment that starts at or before the passage; an empty one starts where the next does.
        guard let place = bases.lastIndex(where: { $0 <= passage.rawValue }),
            Int(passage.rawValue - bases[place]) < segments[place].passageCount
        else {
            throw TrawlError(
                .notFound, "there is no passage \(passage.rawValue)", remedy: "the index has \(passageCount) passages")
        }
        return try segments[place].tokens(of: Int(passage.rawValue - bases[place]))
    }
}
