public import TrawlCore
import TrawlStore

/// Reads the title and the text of a passage.
public typealias PassageTexts = (PassageID) throws -> (title: String, text: String)

/// A query with operators, with the terms that its words are in an index.
public struct OperatorQuery: Sendable {
    package indirect enum Node: Sendable {
        /// The number of a leaf.
        case leaf(Int)
        case group([(occurrence: QueryNode.Occurrence, node: Node)])
    }

    /// Terms that are looked for and counted together.
    package struct Leaf: Sendable {
        /// As explanations name it.
        package let name: String
        package let field: QueryField?
        /// Terms any of which counts, or those of a phrase.
        package var terms: [Term]
        /// For each word of a phrase its term and how far it is after the first; empty for others.
        package var phrase: [(term: Int, offset: Int)]
        package var weight: Float
        package var passageFrequency: Int
        /// Whether the query looks for it, rather than excludes it.
        package var isWanted: Bool

        package init(
            name: String, field: QueryField?, terms: [Term], phrase: [(term: Int, offset: Int)] = [],
            weight: Float = 0, passageFrequency: Int = 0, isWanted: Bool
        ) {
            (self.name, self.field, self.terms, self.phrase) = (name, field, terms, phrase)
            (self.weight, self.passageFrequency, self.isWanted) = (weight, passageFrequency, isWanted)
        }
    }

    package struct Term: Sendable {
        package let bytes: [UInt8]
        package let closeness: Float

        package init(bytes: [UInt8], closeness: Float) { (self.bytes, self.closeness) = (bytes, closeness) }
    }

    package var root: Node?
    package var leaves: [Leaf] = []
    /// What the user should know, such as that a beginning stood for more terms than were searched.
    public internal(set) var notes: [String] = []

    package init() {}
}

extension LexicalSearcher {
    /// Looks up the terms of `query`; see `TermWeigher.resolve`.
    public func resolve(_ query: QueryNode) throws -> OperatorQuery { try weigher.resolve(query) }
}

/// Turns the words of a query into terms of the index.
struct OperatorResolver<Statistics: TermStatistics> {
    let statistics: Statistics
    let settings: AnalyzerSettings
    let analyzer: Analyzer
    /// The analyzer of words that are optional.
    let optional: Analyzer
    private var query = OperatorQuery()

    init(statistics: Statistics, settings: AnalyzerSettings, analyzer: Analyzer, optional: Analyzer) {
        self.statistics = statistics
        self.settings = settings
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

    private func frequency(_ term: [UInt8]) throws -> Int { try statistics.passageFrequencies(of: [term])[0] }

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
        let frequency = try frequency(bytes)
        return leaf(
            OperatorQuery.Leaf(
                name: name, field: field, terms: [OperatorQuery.Term(bytes: bytes, closeness: 1)],
                weight: Float(statistics.rarity(frequency)),
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
                new.terms.append(OperatorQuery.Term(bytes: word.bytes, closeness: 1))
                number = new.terms.count - 1
            }
            weight += statistics.rarity(try frequency(word.bytes))
            new.phrase.append((number ?? 0, word.position - first.position))
        }
        new.weight = Float(weight)
        return leaf(new)
    }

    private mutating func prefix(_ text: String, _ field: QueryField?, isWanted: Bool) throws -> OperatorQuery.Node? {
        let beginning = Self.unstemmed(text, settings)
        guard !beginning.isEmpty else { return nil }
        var found = try statistics.terms(beginning: beginning)
        // The beginning may be longer than the stem of the words that are meant.
        for (stem, _) in terms(of: text, analyzer) where !found.contains(where: { $0.bytes == stem }) {
            let frequency = try frequency(stem)
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
        let near = try statistics.terms(near: String(decoding: only.bytes, as: UTF8.self), edits: edits)
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
        let terms = found.prefix(limit).map { OperatorQuery.Term(bytes: $0.bytes, closeness: $0.closeness) }
        // As rare as the commonest of them, so that a rare misspelling does not outweigh what was meant.
        let frequency = try statistics.passageFrequencies(of: terms.map(\.bytes)).max() ?? 0
        return leaf(
            OperatorQuery.Leaf(
                name: name, field: field, terms: terms, weight: Float(statistics.rarity(frequency)),
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
