public import TrawlCore
import TrawlStore

/// The passages that match a query with operators.
extension LexicalSearcher {
    /// The `k` passages that match `query` and answer it best: the scores of its leaves add up where they match.
    ///
    /// Phrases and fields are verified in the texts of the passages that have their terms.
    /// - Complexity: O(postings of the terms + passages), and for phrases O(text of the passages that have all their words).
    public func search(_ query: OperatorQuery, k: Int, texts: @escaping PassageTexts) throws -> Ranking {
        try search(query, scorer, k: k, texts: texts)
    }

    /// The same with the saturation of a larger collection.
    ///
    /// - Parameter allows: which passages may be found; nil: all.
    package func search(
        _ query: OperatorQuery, _ scorer: BM25Scorer, k: Int, texts: @escaping PassageTexts,
        allows: ((PassageID) -> Bool)? = nil
    ) throws -> Ranking {
        guard let root = query.root, k > 0 else { return Ranking([]) }
        var top = TopPassages(k)
        for number in segments.indices {
            var matcher = try SegmentMatcher(self, query, scorer, number: number, texts: texts)
            let scores = try matcher.scores(root)
            for (passage, score) in scores.enumerated() where score >= 0 && matcher.isLive(passage) {
                if let allows, !allows(matcher.id(passage)) { continue }
                top.offer(ScoredPassage(matcher.id(passage), score))
            }
        }
        return top.ranking()
    }

    /// The passages that have what `query` requires and nothing that it excludes, whether or not they have what is
    /// optional; nil if it neither requires nor excludes anything.
    public func allowed(_ query: OperatorQuery, texts: @escaping PassageTexts) throws -> ((PassageID) -> Bool)? {
        let wanted: OperatorQuery.Node
        switch query.root {
        case .group(let clauses)?:
            let strict = clauses.filter { $0.occurrence != .optional }
            if strict.isEmpty { return nil }
            wanted = .group(strict)
        case .leaf(let number)?:
            let leaf = query.leaves[number]
            if leaf.phrase.isEmpty, leaf.field == nil { return nil }
            wanted = .leaf(number)
        case nil: return nil
        }
        var members: [[Float]] = []
        for number in segments.indices {
            var matcher = try SegmentMatcher(self, query, scorer, number: number, texts: texts)
            members.append(try matcher.scores(wanted))
        }
        let bases = segments.map(\.reader.passageBase)
        return { passage in
            guard let number = bases.lastIndex(where: { $0 <= passage.rawValue }) else { return false }
            let local = Int(passage.rawValue - bases[number])
            return local < members[number].count && members[number][local] >= 0
        }
    }

    /// What each leaf of `query` that is not excluded adds to the score of `passage`, with the terms that it stands for.
    public func explain(_ query: OperatorQuery, passage: PassageID, texts: @escaping PassageTexts) throws
        -> [(explanation: TermExplanation, terms: [String])]
    { try explain(query, scorer, passage: passage, texts: texts) }

    /// The same with the saturation of a larger collection.
    package func explain(
        _ query: OperatorQuery, _ scorer: BM25Scorer, passage: PassageID, texts: @escaping PassageTexts
    ) throws -> [(explanation: TermExplanation, terms: [String])] {
        guard let number = segments.lastIndex(where: { $0.reader.passageBase <= passage.rawValue }) else { return [] }
        var matcher = try SegmentMatcher(self, query, scorer, number: number, texts: texts)
        let local = Int(passage.rawValue - segments[number].reader.passageBase)
        return try query.leaves.indices.filter { query.leaves[$0].isWanted }.map { number in
            let leaf = query.leaves[number]
            let frequency = try matcher.frequency(number, local)
            return (
                TermExplanation(
                    term: leaf.name, frequency: Int(frequency.rounded(.up)), passageFrequency: leaf.passageFrequency,
                    weight: leaf.weight, score: matcher.score(leaf, frequency, local)),
                leaf.terms.map { String(decoding: $0.bytes, as: UTF8.self) }
            )
        }
    }
}

/// Matches the passages of one segment.
private struct SegmentMatcher {
    private let settings: AnalyzerSettings
    private let query: OperatorQuery
    /// The postings of each leaf's terms.
    private let lists: [[PostingList?]]
    private let texts: PassageTexts
    private let segment: LexicalSearcher.Segment
    private let scorer: BM25Scorer
    private var analyzer: Analyzer?
    /// The title that was analysed last: passages of a document stand together.
    private var lastTitle: (text: String, words: [[UInt8]])?

    /// What passages have that do not match.
    private static let none: Float = -1

    init(
        _ searcher: LexicalSearcher, _ query: OperatorQuery, _ scorer: BM25Scorer, number: Int,
        texts: @escaping PassageTexts
    ) throws {
        settings = searcher.settings
        self.query = query
        self.scorer = scorer
        self.texts = texts
        let segment = searcher.segments[number]
        self.segment = segment
        lists = try query.leaves.map { try $0.terms.map { try segment.postings(of: $0.bytes) } }
    }

    private var passageCount: Int { Int(segment.reader.info.passageCount) }

    func id(_ passage: Int) -> PassageID { PassageID(segment.reader.passageBase + UInt32(passage)) }

    func isLive(_ passage: Int) -> Bool { segment.deletions?.passages.contains(passage) != true }

    func score(_ leaf: OperatorQuery.Leaf, _ frequency: Float, _ passage: Int) -> Float {
        scorer.score(weight: leaf.weight, frequency, segment.lengths.load(passage, as: UInt32.self))
    }

    /// The score of every passage, negative for those that do not match.
    mutating func scores(_ node: OperatorQuery.Node) throws -> [Float] {
        switch node {
        case .leaf(let number): return try scores(ofLeaf: number)
        case .group(let clauses): return try scores(clauses)
        }
    }

    private mutating func scores(_ clauses: [(occurrence: QueryNode.Occurrence, node: OperatorQuery.Node)]) throws
        -> [Float]
    {
        let hasRequired = clauses.contains { $0.occurrence == .required }
        let hasOptional = clauses.contains { $0.occurrence == .optional }
        // Without a clause that must match, all match but for what is excluded, or nothing does yet.
        var sums = [Float](repeating: hasRequired || !hasOptional ? 0 : Self.none, count: passageCount)
        for occurrence in [QueryNode.Occurrence.required, .optional, .excluded] {
            for clause in clauses where clause.occurrence == occurrence {
                let scores = try scores(clause.node)
                for passage in scores.indices {
                    switch occurrence {
                    case .required:
                        sums[passage] =
                            sums[passage] >= 0 && scores[passage] >= 0 ? sums[passage] + scores[passage] : Self.none
                    case .optional:
                        guard scores[passage] >= 0, sums[passage] >= 0 || !hasRequired else { continue }
                        sums[passage] = max(0, sums[passage]) + scores[passage]
                    case .excluded:
                        if scores[passage] >= 0 { sums[passage] = Self.none }
                    }
                }
            }
        }
        return sums
    }

    private mutating func scores(ofLeaf number: Int) throws -> [Float] {
        let leaf = query.leaves[number]
        var scores = [Float](repeating: Self.none, count: passageCount)
        if leaf.phrase.isEmpty {
            var frequencies = [Float](repeating: 0, count: passageCount)
            for (term, list) in zip(leaf.terms, lists[number]) {
                try list?.forEachPosting { passage, count in
                    frequencies[Int(passage)] += term.closeness * Float(count)
                    return true
                }
            }
            for passage in frequencies.indices where frequencies[passage] > 0 && isLive(passage) {
                var frequency = frequencies[passage]
                if leaf.field != nil { frequency = try count(leaf, in: passage, whole: frequency) }
                if frequency > 0 { scores[passage] = score(leaf, frequency, passage) }
            }
            return scores
        }
        var held = [UInt16](repeating: 0, count: passageCount)
        for list in lists[number] {
            guard let list else { return scores }
            try list.forEachPosting { passage, _ in
                held[Int(passage)] += 1
                return true
            }
        }
        for passage in held.indices where Int(held[passage]) == leaf.terms.count && isLive(passage) {
            let frequency = try countPhrase(leaf, in: passage)
            if frequency > 0 { scores[passage] = score(leaf, frequency, passage) }
        }
        return scores
    }

    /// How often a passage has what leaf `number` means, each occurrence with its closeness.
    mutating func frequency(_ number: Int, _ passage: Int) throws -> Float {
        let leaf = query.leaves[number]
        var frequency: Float = 0
        var held = 0
        for (term, list) in zip(leaf.terms, lists[number]) {
            let count = try list?.frequency(in: UInt32(passage)) ?? 0
            guard count > 0 else { continue }
            frequency += term.closeness * Float(count)
            held += 1
        }
        guard held > 0 else { return 0 }
        if !leaf.phrase.isEmpty { return held == leaf.terms.count ? try countPhrase(leaf, in: passage) : 0 }
        return leaf.field == nil ? frequency : try count(leaf, in: passage, whole: frequency)
    }

    // MARK: - Texts

    /// The part of the occurrences in title and text together, `whole`, that is in the field of `leaf`.
    private mutating func count(_ leaf: OperatorQuery.Leaf, in passage: Int, whole: Float) throws -> Float {
        let title = try titleWords(texts(id(passage)).title).reduce(Float(0)) { sum, word in
            sum + (leaf.terms.first { $0.bytes == word }?.closeness ?? 0)
        }
        return leaf.field == .title ? title : max(0, whole - title)
    }

    private mutating func countPhrase(_ leaf: OperatorQuery.Leaf, in passage: Int) throws -> Float {
        let (title, text) = try texts(id(passage))
        var count = 0
        if leaf.field != .text { count += try occurrences(leaf, in: title) }
        if leaf.field != .title { count += try occurrences(leaf, in: text) }
        return Float(count)
    }

    private mutating func occurrences(_ leaf: OperatorQuery.Leaf, in text: String) throws -> Int {
        guard let first = leaf.phrase.first else { return 0 }
        let analyzer = try knownAnalyzer()
        var places = [Set<Int>](repeating: [], count: leaf.terms.count)
        analyzer.forEachTerm(of: text) { (word: UnsafeBufferPointer<UInt8>, _) in
            for number in leaf.terms.indices
            where leaf.terms[number].bytes.count == word.count && leaf.terms[number].bytes.elementsEqual(word) {
                places[number].insert(analyzer.position)
            }
        }
        return places[first.term].count { start in
            leaf.phrase.allSatisfy { places[$0.term].contains(start + $0.offset) }
        }
    }

    private mutating func titleWords(_ title: String) throws -> [[UInt8]] {
        if let lastTitle, lastTitle.text == title { return lastTitle.words }
        var words: [[UInt8]] = []
        try knownAnalyzer().forEachTerm(of: title) { (word: UnsafeBufferPointer<UInt8>, _) in words.append(Array(word))
        }
        lastTitle = (title, words)
        return words
    }

    private mutating func knownAnalyzer() throws -> Analyzer {
        if let analyzer { return analyzer }
        let made = try Analyzer(settings)
        analyzer = made
        return made
    }
}
