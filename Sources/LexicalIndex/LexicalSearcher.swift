import Foundation
public import TrawlCore
public import TrawlStore

/// The free parameters of BM25. The defaults are those of Anserini and Pyserini.
public struct BM25Parameters: Codable, Hashable, Sendable {
    /// How slowly repetition saturates; at least 0.
    public var k1: Float
    /// How much long passages are held back, from 0 to 1.
    public var b: Float

    public init(k1: Float = 0.9, b: Float = 0.4) {
        self.k1 = k1
        self.b = b
    }

    /// - Throws: `invalidInput` for parameters out of range.
    public func validate() throws(TrawlError) {
        guard k1 >= 0, k1.isFinite, (0...1).contains(b) else {
            throw TrawlError(
                .invalidInput, "k1 = \(k1), b = \(b) are not parameters of BM25",
                remedy: "k1 must be at least 0, b from 0 to 1")
        }
    }
}

/// What one term of a query adds to the score of a passage.
public struct TermExplanation: Hashable, Sendable {
    public let term: String
    /// Occurrences in the passage.
    public let frequency: Int
    /// Passages of the index that hold the term.
    public let passageFrequency: Int
    /// The inverse passage frequency, times the occurrences in the query.
    public let weight: Float
    public let score: Float

    package init(term: String, frequency: Int, passageFrequency: Int, weight: Float, score: Float) {
        (self.term, self.frequency, self.passageFrequency) = (term, frequency, passageFrequency)
        (self.weight, self.score) = (weight, score)
    }
}

/// Ranks passages by BM25 (Robertson and Zaragoza, 2009) in the form of Lucene:
/// `sum over terms of weight * tf / (tf + k1 * (1 - b + b * length / mean length))` with
/// `weight = qtf * ln(1 + (N - df + 0.5) / (df + 0.5))`.
///
/// N, df and the mean length are those of the live passages of all segments together: many segments answer exactly as one,
/// and an index with deleted passages as one that never had them.
public struct LexicalSearcher: Sendable {
    public let settings: AnalyzerSettings
    public private(set) var parameters: BM25Parameters
    /// Whether queries are read without the words that say nothing in them, unless they have no others.
    public private(set) var dropsAskingWords = false
    let segments: [Segment]
    private let liveFrequencies = LiveFrequencies()
    /// The number of live passages in all segments.
    public let passageCount: Int
    /// The terms of all live passages, each as often as it occurs.
    public let termCount: UInt64
    /// The mean number of terms of a live passage, 0 without passages.
    public let meanLength: Double

    package static func meanLength(terms: UInt64, passages: Int) -> Double {
        passages == 0 ? 0 : Double(terms) / Double(passages)
    }

    struct Segment: Sendable {
        let reader: SegmentReader
        let postings: Blob
        /// nil in a segment of an earlier version.
        let blocks: Blob?
        let lengths: Blob
        let deletions: DeletionSet?

        /// The postings of a term; nil for one that the segment lacks.
        func postings(of term: [UInt8]) throws -> PostingList? {
            try reader.record(LexicalSegment.terms, term).map {
                try PostingList($0, of: term, postings, blocks: blocks, reader)
            }
        }
    }

    /// - Throws: `invalidInput` for parameters out of range, `unsupported` for an unknown stemmer, `corrupted` for
    ///   segments without a lexical index.
    public init(
        _ segments: [SegmentReader], settings: AnalyzerSettings = .english, parameters: BM25Parameters = .init()
    ) throws {
        try parameters.validate()
        _ = try Analyzer(settings)
        self.settings = settings
        self.parameters = parameters
        var (passages, tokens) = (0, UInt64(0))
        self.segments = try segments.map { reader in
            guard let totals = try reader.record(LexicalSegment.totals, LexicalSegment.totalsKey) else {
                throw PostingList.damaged(reader, "there is no lexical index")
            }
            let lengths = try reader.blob(LexicalSegment.lengths, recordSize: 4)
            guard totals.passageCount == reader.info.passageCount, lengths.recordCount == reader.info.passageCount
            else {
                throw PostingList.damaged(reader, "the lexical index has another number of passages than the segment")
            }
            // Sums over all segments are then below 2^64.
            guard totals.tokenCount <= UInt64(totals.passageCount) * UInt64(UInt32.max) else {
                throw PostingList.damaged(reader, "the lexical index counts more terms than its passages can have")
            }
            passages += reader.info.livePassageCount
            tokens += try totals.tokenCount - LexicalDeletions.deadTokenCount(reader, of: totals)
            return Segment(
                reader: reader, postings: try reader.blob(LexicalSegment.postings, recordSize: 1),
                blocks: try LexicalSegment.blocks(of: reader), lengths: lengths, deletions: try DeletionSet(reader))
        }
        passageCount = passages
        termCount = tokens
        meanLength = Self.meanLength(terms: tokens, passages: passages)
    }

    /// The same index with other parameters; nothing is opened again.
    ///
    /// - Throws: `invalidInput` for parameters out of range.
    public func with(_ parameters: BM25Parameters, dropsAskingWords: Bool = false) throws(TrawlError) -> LexicalSearcher
    {
        try parameters.validate()
        var copy = self
        copy.parameters = parameters
        copy.dropsAskingWords = dropsAskingWords
        return copy
    }

    /// The `k` passages that answer `query` best; passages without any of its terms are not among them. Ties stand in the
    /// order of passages. Empty for a query without terms.
    ///
    /// Postings that cannot lift a passage among the best `k` are passed over, so that a search for few passages takes less.
    /// - Complexity: O(postings of the query's terms).
    public func search(_ query: String, k: Int) throws -> Ranking { try search(weighted(query), scorer, k: k) }

    /// The same for terms that are weighed already.
    ///
    /// - Parameter allows: which passages may be found; nil: all.
    package func search(
        _ terms: [WeightedTerm], _ scorer: BM25Scorer, k: Int, allows: ((PassageID) -> Bool)? = nil
    ) throws -> Ranking {
        guard !terms.isEmpty, k > 0 else { return Ranking([]) }
        var top = TopPassages(k)
        for segment in segments {
            var search = try SegmentSearch(segment, terms, scorer, allows: allows)
            try search.run(&top)
        }
        return top.ranking()
    }

    /// The score that no passage can exceed for `query`: that of one in which all of its terms are as frequent as can be.
    public func highestScore(of query: String) throws -> Float { try weighted(query).reduce(0) { $0 + $1.weight } }

    /// What each term of `query`, in order of first mention, adds to the score of `passage`.
    public func explain(_ query: String, passage: PassageID) throws -> [TermExplanation] {
        try explain(weighted(query), scorer, passage: passage)
    }

    /// The same for terms that are weighed already.
    package func explain(_ terms: [WeightedTerm], _ scorer: BM25Scorer, passage: PassageID) throws -> [TermExplanation]
    {
        guard let number = segments.lastIndex(where: { $0.reader.passageBase <= passage.rawValue }),
            passage.rawValue - segments[number].reader.passageBase < segments[number].reader.info.passageCount
        else { throw TrawlError(.notFound, "there is no passage \(passage.rawValue) in the lexical index") }
        let segment = segments[number]
        let local = passage.rawValue - segment.reader.passageBase
        if let dead = segment.deletions?.passages, dead.contains(Int(local)) {
            throw TrawlError(.notFound, "passage \(passage.rawValue) was deleted", remedy: "open the index anew")
        }
        let length = segment.lengths.load(Int(local), as: UInt32.self)
        return try terms.map { term in
            let frequency = try segment.postings(of: term.bytes)?.frequency(in: local) ?? 0
            return TermExplanation(
                term: String(decoding: term.bytes, as: UTF8.self), frequency: Int(frequency),
                passageFrequency: term.passageFrequency, weight: term.weight,
                score: scorer.score(weight: term.weight, frequency, length))
        }
    }

    // MARK: - Terms of a query

    /// The distinct terms of `query` with their weights.
    func weighted(_ query: String) throws -> [WeightedTerm] { try weigher.weighted(query) }

    package var weigher: TermWeigher<LexicalSearcher> {
        TermWeigher(settings, dropsAskingWords: dropsAskingWords, self)
    }

    package var scorer: BM25Scorer { BM25Scorer(parameters, meanLength: meanLength) }
}

extension LexicalSearcher: TermStatistics {
    package func passageFrequencies(of terms: [[UInt8]]) throws -> [Int] {
        func count(_ term: [UInt8]) throws -> Int {
            try segments.reduce(0) { try $0 + ($1.postings(of: term)?.livePassageFrequency($1.deletions) ?? 0) }
        }
        guard segments.contains(where: { $0.deletions != nil }) else { return try terms.map(count) }
        return try terms.map { term in try liveFrequencies.frequency(of: term) { try count(term) } }
    }
}
