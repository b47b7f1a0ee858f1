public import TrawlCore
public import TrawlStore

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
    let steppers: [SuffixStepper]
    /// The number in the index of each segment's first passage.
    public let bases: [UInt32]
    /// The token that ends every passage; 0 in an index without segments.
    public let boundary: TokenID
    /// The tokens of all live passages, boundaries included: N of SEAL's scores.
    public let totalTokens: Int
    /// The live passages.
    public let passageCount: Int
    /// The bytes of all blobs.
    public let byteCount: Int

    /// Opens the substring index of every segment of `snapshot`.
    ///
    /// - Throws: `TrawlError.notFound` when a segment has none, `.corrupted` or `.incompatible` as `SubstringSegment`.
    public init(_ snapshot: Snapshot) throws {
        let readers = snapshot.segments
        var segments: [SubstringSegment] = []
        for reader in readers {
            segments.append(try SubstringSegment(reader))
        }
        do {
            try self.init(segments, bases: readers.map(\.passageBase))
        } catch let error as TrawlError {
            throw error.at(path: snapshot.path)
        }
    }

    /// - Throws: `TrawlError.incompatible` when the segments do not have one boundary token.
    init(_ segments: [SubstringSegment], bases: [UInt32]) throws {
        let boundary = segments.first?.boundary ?? 0
        guard segments.allSatisfy({ $0.boundary == boundary }) else {
            throw TrawlError(
                .incompatible, "the segments were built with different boundary tokens", remedy: "rebuild the index")
        }
        self.segments = segments
        steppers = segments.map(\.stepper)
        self.bases = bases
        self.boundary = boundary
        totalTokens = segments.reduce(0) { $0 + $1.liveTokenCount }
        passageCount = segments.reduce(0) { $0 + $1.livePassageCount }
        byteCount = segments.reduce(0) { $0 + $1.byteCount }
    }

    /// The range of the empty n-gram, whose count is `totalTokens`.
    public var root: SuffixRange {
        let parts = steppers.enumerated().map { SuffixRange.Part(segment: UInt32($0.offset), rows: $0.element.root) }
        let others = parts.dropFirst().filter { !$0.rows.isEmpty }
        return SuffixRange(first: parts.first ?? .none, others: others, count: totalTokens)
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

    /// The passages that contain the n-gram of `range` and how often, ascending by number, the first `limit` of them.
    /// An occurrence belongs to the passage of its last token.
    ///
    /// - Complexity: O(count), in sequential reads.
    public func passages(containing range: SuffixRange, limit: Int = .max) -> [PassageCount] {
        guard range.count > 0 else { return [] }
        var result: [PassageCount] = []
        range.forEachPart { part in
            guard result.count < limit else { return }
            let place = Int(part.segment)
            for (passage, count) in segments[place].passages(part.rows, limit: limit - result.count) {
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
        try range.forEachPart { part in
            guard result.count < limit else { return }
            let place = Int(part.segment)
            for (passage, offset) in try segments[place].positions(of: ngram, part.rows, limit: limit - result.count) {
                result.append(TokenPosition(PassageID(bases[place] + passage), offset))
            }
        }
        return result
    }

    /// The tokens of `passage` in reading order, its boundary last.
    ///
    /// - Throws: `TrawlError.notFound` when there is no such passage or it was deleted, `.corrupted` when the text is
    ///   damaged.
    public func tokens(of passage: PassageID) throws -> [TokenID] {
        // The last segment that starts at or before the passage; an empty one starts where the next does.
        guard let place = bases.lastIndex(where: { $0 <= passage.rawValue }),
            Int(passage.rawValue - bases[place]) < segments[place].passageCount
        else {
            throw TrawlError(
                .notFound, "there is no passage \(passage.rawValue)", remedy: "open the index anew")
        }
        guard !segments[place].isDead(passage.rawValue - bases[place]) else {
            throw TrawlError(.notFound, "passage \(passage.rawValue) was deleted", remedy: "open the index anew")
        }
        return try segments[place].tokens(of: Int(passage.rawValue - bases[place]))
    }
}
