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
    /// The number of live passages in all segments.
    public let passageCount: Int
    /// The mean number of terms of a live passage, 0 without passages.
    public let meanLength: Double

    struct Segment: Sendable {
        let reader: SegmentReader
        let postings: Blob
        let lengths: Blob
        let deletions: DeletionSet?
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
                reader: reader, postings: try reader.blob(LexicalSegment.postings, recordSize: 1), lengths: lengths,
                deletions: try DeletionSet(reader))
        }
        passageCount = passages
        meanLength = passages == 0 ? 0 : Double(tokens) / Double(passages)
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
    /// - Complexity: O(postings of the query's terms + passages).
    public func search(_ query: String, k: Int) throws -> Ranking {
        let terms = try weighted(query)
        guard !terms.isEmpty, k > 0 else { return Ranking([]) }
        let scorer = scorer
        var top = TopPassages(k)
        for (number, segment) in segments.enumerated() {
            var scores = [Float](repeating: 0, count: Int(segment.reader.info.passageCount))
            try scores.withUnsafeMutableBufferPointer { scores in
                for term in terms {
                    guard let list = term.lists[number] else { continue }
                    try add(list, weight: term.weight, segment.lengths, scorer, to: scores)
                }
                var bar = top.threshold
                for (passage, score) in scores.enumerated() where score > bar && score > 0 {
                    if let dead = segment.deletions?.passages, dead.contains(passage) { continue }
                    top.offer(ScoredPassage(PassageID(segment.reader.passageBase + UInt32(passage)), score))
                    bar = top.threshold
                }
            }
        }
        return top.ranking()
    }

    /// The score that no passage can exceed for `query`: that of one in which all of its terms are as frequent as can be.
    public func highestScore(of query: String) throws -> Float { try weighted(query).reduce(0) { $0 + $1.weight } }

    /// What each term of `query`, in order of first mention, adds to the score of `passage`.
    public func explain(_ query: String, passage: PassageID) throws -> [TermExplanation] {
        guard let number = segments.lastIndex(where: { $0.reader.passageBase <= passage.rawValue }),
            passage.rawValue - segments[number].reader.passageBase < segments[number].reader.info.passageCount
        else { throw TrawlError(.notFound, "there is no passage \(passage.rawValue) in the lexical index") }
        let segment = segments[number]
        let local = passage.rawValue - segment.reader.passageBase
        if let dead = segment.deletions?.passages, dead.contains(Int(local)) {
            throw TrawlError(.notFound, "passage \(passage.rawValue) was deleted", remedy: "open the index anew")
        }
        let length = segment.lengths.load(Int(local), as: UInt32.self)
        return try weighted(query).map { term in
            var frequency: UInt32 = 0
            try term.lists[number]?.forEachPosting { passage, count in
                if passage == local { frequency = count }
                return passage < local
            }
            return TermExplanation(
                term: String(decoding: term.bytes, as: UTF8.self), frequency: Int(frequency),
                passageFrequency: term.passageFrequency, weight: term.weight,
                score: scorer.score(weight: term.weight, frequency, length))
        }
    }

    // MARK: - Terms of a query

    struct WeightedTerm {
        let bytes: [UInt8]
        var occurrences: Int
        var weight: Float = 0
        var passageFrequency = 0
        /// The postings in each segment.
        var lists: [PostingList?] = []
    }

    /// The distinct terms of `query` with their weights and postings.
    func weighted(_ query: String) throws -> [WeightedTerm] {
        let normal = query.composed
        var terms = try terms(of: normal, Analyzer(settings, dropsAskingWords: dropsAskingWords))
        if terms.isEmpty, dropsAskingWords { terms = try self.terms(of: normal, Analyzer(settings)) }
        for index in terms.indices {
            for segment in segments {
                let record = try segment.reader.record(LexicalSegment.terms, terms[index].bytes)
                let list = try record.map { try PostingList($0, segment.postings, segment.reader) }
                terms[index].lists.append(list)
                terms[index].passageFrequency += try list?.livePassageFrequency(segment.deletions) ?? 0
            }
            terms[index].weight = Float(Double(terms[index].occurrences) * rarity(terms[index].passageFrequency))
        }
        return terms
    }

    /// The inverse passage frequency.
    func rarity(_ passageFrequency: Int) -> Double {
        let df = Double(passageFrequency)
        return log(1 + (Double(passageCount) - df + 0.5) / (df + 0.5))
    }

    private func terms(of query: String, _ analyzer: Analyzer) -> [WeightedTerm] {
        var terms: [WeightedTerm] = []
        analyzer.forEachTerm(of: query) { bytes, _ in
            if let known = terms.firstIndex(where: { $0.bytes.elementsEqual(bytes) }) {
                terms[known].occurrences += 1
            } else {
                terms.append(WeightedTerm(bytes: Array(bytes), occurrences: 1))
            }
        }
        return terms
    }

    // MARK: - Scores

    /// BM25's saturation for passages of this collection.
    struct Scorer {
        /// What every passage has in its denominator, and what every term of its length adds.
        let base: Float
        let perTerm: Float

        func score(weight: Float, _ frequency: UInt32, _ length: UInt32) -> Float {
            score(weight: weight, Float(frequency), length)
        }

        func score(weight: Float, _ frequency: Float, _ length: UInt32) -> Float {
            guard frequency > 0 else { return 0 }
            return weight * frequency / (frequency + base + perTerm * Float(length))
        }
    }

    var scorer: Scorer {
        Scorer(
            base: parameters.k1 * (1 - parameters.b),
            perTerm: meanLength > 0 ? Float(Double(parameters.k1 * parameters.b) / meanLength) : 0)
    }

    private func add(
        _ list: PostingList, weight: Float, _ lengths: Blob, _ scorer: Scorer,
        to scores: UnsafeMutableBufferPointer<Float>
    ) throws {
        let perChunk = lengths.chunkBytes / 4
        var (chunk, first) = (-1, 0)
        var values = UnsafeRawPointer(bitPattern: 64)
        try list.forEachPosting { passage, frequency in
            let index = Int(passage)
            if chunk < 0 || index >= first + perChunk {
                chunk = index / perChunk
                first = chunk * perChunk
                values = lengths.chunks[chunk]
            }
            guard let values else { return false }
            let length = values.load(fromByteOffset: (index - first) * 4, as: UInt32.self)
            scores[index] += scorer.score(weight: weight, frequency, length)
            return true
        }
    }
}
