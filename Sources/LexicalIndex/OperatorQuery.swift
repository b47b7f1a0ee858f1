public import TrawlCore
import TrawlStore

/// Reads the title and the text of a passage.
public typealias PassageTexts = (PassageID) throws -> (title: String, text: String)

/// A query with operators, with the terms that its words are in an index.
public struct OperatorQuery {
    indirect enum Node {
        /// The number of a leaf.
        case leaf(Int)
        case group([(occurrence: QueryNode.Occurrence, node: Node)])
    }

    /// Terms that are looked for and counted together.
    struct Leaf {
        /// As explanations name it.
        let name: String
        let field: QueryField?
        /// Terms any of which counts, or those of a phrase.
        var terms: [Term]
        /// For each word of a phrase its term and how far it is after the first; empty for others.
        var phrase: [(term: Int, offset: Int)] = []
        var weight: Float = 0
        var passageFrequency = 0
        /// Whether the query looks for it, rather than excludes it.
        var isWanted: Bool
    }

    struct Term {
        let bytes: [UInt8]
        let closeness: Float
        /// The postings in each segment.
        let lists: [PostingList?]
    }

    var root: Node?
    var leaves: [Leaf] = []
    /// What the user should know, such as that a beginning stood for more terms than were searched.
    public internal(set) var notes: [String] = []
}

extension LexicalSearcher {
    /// Looks up the terms of `query`. Words that are indexed but say nothing in a query are left out where they are optional,
    /// unless there are no others.
    public func resolve(_ query: QueryNode) throws -> OperatorQuery {
        var resolver = OperatorResolver(
            searcher: self, analyzer: try Analyzer(settings),
            optional: try Analyzer(settings, dropsAskingWords: dropsAskingWords))
        if let found = try resolver.resolve(query), found.leaves.contains(where: \.isWanted) { return found }
        resolver = OperatorResolver(searcher: self, analyzer: resolver.analyzer, optional: resolver.analyzer)
        return try resolver.resolve(query) ?? OperatorQuery()
    }

    func lists(_ term: [UInt8]) throws -> [PostingList?] {
        try segments.map { segment in
            try segment.reader.record(LexicalSegment.terms, term).map {
                try PostingList($0, segment.postings, segment.reader)
            }
        }
    }

    func passageFrequency(_ lists: [PostingList?]) throws -> Int {
        try zip(lists, segments).reduce(0) { try $0 + ($1.0?.livePassageFrequency($1.1.deletions) ?? 0) }
    }
}

/// Turns the words of a query into terms of the index.
private struct OperatorResolver {
    let searcher: LexicalSearcher
    let analyzer: Analyzer
    /// The analyzer of words that are optional.
    let optional: Analyzer
    private var query = OperatorQuery()

    init(searcher: LexicalSearcher, analyzer: Analyzer, optional: Analyzer) {
        self.searcher = searcher
        self.analyzer = analyzer
        self.optional = optional
    }

    mutating func resolve(_ node: QueryNode) throws -> OperatorQuery? {
        query.root = try resolved(node, isOptional: true, isWanted: true)
        return query.root == nil ? nil : query
    }

    /// nil for what has no terms: words that are not indexed.
    private mutating func resolved(_ node: QueryNode, isOptional: Bool, isWanted: Bool) throws -> OperatorQuery.Node? {
        switch node {
        case .word(let text, let field):
            return try word(text, field, isOptional ? optional : analyzer, isOptional: isOptional, isWanted: isWanted)
        case .phrase(let text, let field):
            return try phrase(text, field, isWanted: isWanted)
        case .prefix(let text, let field):
            return try prefix(text, field, isWanted: isWanted)
        case .fuzzy(let text, let edits, let field):
            return try fuzzy(text, edits, field, isWanted: isWanted)
        case .group(let clauses):
            let nodes = try clauses.compactMap { clause in
                try resolved(
                    clause.node, isOptional: clause.occurrence == .optional,
                    isWanted: isWanted && clause.occurrence != .excluded
                ).map { (occurrence: clause.occurrence, node: $0) }
            }
            return nodes.contains { $0.occurrence != .excluded } || !isWanted && !nodes.isEmpty ? .group(nodes) : nil
        }
    }

    private mutating func leaf(_ leaf: OperatorQuery.Leaf) -> OperatorQuery.Node {
        query.leaves.append(leaf)
        return .leaf(query.leaves.count - 1)
    }

    private func term(_ bytes: [UInt8], closeness: Float = 1) throws -> OperatorQuery.Term {
        OperatorQuery.Term(bytes: bytes, closeness: closeness, lists: try searcher.lists(bytes))
    }

    private mutating func word(
        _ text: String, _ field: QueryField?, _ analyzer: Analyzer, isOptional: Bool, isWanted: Bool
    ) throws -> OperatorQuery.Node? {
        let nodes = try terms(of: text, analyzer).map { bytes, _ in
            try single(bytes, name: String(decoding: bytes, as: UTF8.self), field, isWanted: isWanted)
        }
        // A word such as "state-of-the-art" has several terms.
        if nodes.count > 1 { return .group(nodes.map { (isOptional ? .optional : .required, $0) }) }
        return nodes.first
    }

    private mutating func single(_ bytes: [UInt8], name: String, _ field: QueryField?, isWanted: Bool) throws
        -> OperatorQuery.Node
    {
        let term = try term(bytes)
        let frequency = try searcher.passageFrequency(term.lists)
        return leaf(
            OperatorQuery.Leaf(
                name: name, field: field, terms: [term], weight: Float(searcher.rarity(frequency)),
                passageFrequency: frequency, isWanted: isWanted))
    }

    private mutating func phrase(_ text: String, _ field: QueryField?, isWanted: Bool) throws -> OperatorQuery.Node? {
        let words = terms(of: text, analyzer)
        guard let first = words.first else { return nil }
        if words.count == 1 {
            return try single(
                first.bytes, name: String(decoding: first.bytes, as: UTF8.self), field, isWanted: isWanted)
        }
        var new = OperatorQuery.Leaf(name: "\"\(text)\"", field: field, terms: [], isWanted: isWanted)
        var weight = 0.0
        for word in words {
            var number = new.terms.firstIndex { $0.bytes == word.bytes }
            if number == nil {
                let term = try term(word.bytes)
                new.terms.append(term)
                number = new.terms.count - 1
            }
            weight += searcher.rarity(try searcher.passageFrequency(new.terms[number ?? 0].lists))
            new.phrase.append((number ?? 0, word.position - first.position))
        }
        new.weight = Float(weight)
        return leaf(new)
    }

    private mutating func prefix(_ text: String, _ field: QueryField?, isWanted: Bool) throws -> OperatorQuery.Node? {
        let beginning = Self.unstemmed(text, searcher.settings)
        guard !beginning.isEmpty else { return nil }
        var found = try searcher.terms(beginning: beginning)
        // The beginning may be longer than the stem of the words that are meant.
        for (stem, _) in terms(of: text, analyzer) where !found.contains(where: { $0.bytes == stem }) {
            let frequency = try searcher.passageFrequency(searcher.lists(stem))
            if frequency > 0, !stem.isEmpty, terms(of: text, analyzer).count == 1 {
                found.insert(
                    ExpandedTerm(bytes: stem, closeness: 1, edits: 0, passageFrequency: frequency), at: 0)
            }
        }
        return try union(found, name: text + "*", field, isWanted: isWanted)
    }

    private mutating func fuzzy(_ text: String, _ edits: Int, _ field: QueryField?, isWanted: Bool) throws
        -> OperatorQuery.Node?
    {
        let words = terms(of: text, analyzer)
        guard let only = words.first, words.count == 1 else {
            return try word(text, field, analyzer, isOptional: true, isWanted: isWanted)
        }
        let near = try searcher.terms(near: String(decoding: only.bytes, as: UTF8.self), edits: edits)
        return try union(near, name: "\(text)~\(edits)", field, isWanted: isWanted)
    }

    private mutating func union(_ found: [ExpandedTerm], name: String, _ field: QueryField?, isWanted: Bool) throws
        -> OperatorQuery.Node
    {
        let limit = LexicalSearcher.expansionLimit
        if found.count > limit {
            query.notes.append(
                "\(name) stands for \(found.count) terms; the nearest and most frequent \(limit) are searched")
        }
        let terms = try found.prefix(limit).map { try term($0.bytes, closeness: $0.closeness) }
        // As rare as the commonest of them, so that a rare misspelling does not outweigh what was meant.
        let frequency = try terms.map { try searcher.passageFrequency($0.lists) }.max() ?? 0
        return leaf(
            OperatorQuery.Leaf(
                name: name, field: field, terms: Array(terms), weight: Float(searcher.rarity(frequency)),
                passageFrequency: frequency, isWanted: isWanted))
    }

    private func terms(of text: String, _ analyzer: Analyzer) -> [(bytes: [UInt8], position: Int)] {
        var terms: [(bytes: [UInt8], position: Int)] = []
        analyzer.forEachTerm(of: text.composed) { bytes, _ in terms.append((Array(bytes), analyzer.position)) }
        return terms
    }

    /// The word as it is indexed but for its stem.
    private static func unstemmed(_ text: String, _ settings: AnalyzerSettings) -> [UInt8] {
        var settings = settings
        settings.stemmer = nil
        settings.removesStopWords = false
        // A possessive or an elided article would be cut off.
        settings.language = TextLanguage.none.code
        let terms = (try? Analyzer(settings).terms(of: text.composed)) ?? []
        return terms.count == 1 ? Array(terms[0].utf8) : []
    }
}
