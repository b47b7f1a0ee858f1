internal import TrawlCore

/// Groups of a judged query, a passage that is relevant to it, and passages that are not, as an embedder learns from them; from
/// one collection or several.
///
/// For curricula, queries are the easier, the more of their words their relevant passages have.
public struct EmbedderExamples: Sendable {
    /// The texts of a step, and what is to be learnt of them.
    struct Batch {
        /// The queries, then the passages, each text once.
        let texts: [[TokenID]]
        /// One per query; columns are passages.
        let rows: [ContrastiveRow]
        /// The numbers of the queries among all.
        let examples: [Int]
        /// The collection that the queries are of, and their numbers among its own.
        let collection: Int
        let queries: [Int]
    }

    public let settings: Settings
    let collections: [JudgedCollection]
    private let guides: [Guide?]
    private let showing: [Showing?]
    let queries: [[Choice]]
    private let draw: CollectionDraw
    private let orders: [DifficultyOrder]
    /// One per collection where queries are drawn by their angle concentration, else none.
    var windows: [ConcentrationWindow] = []
    /// The temperature of the teacher's shares.
    public let labelTemperature: Double

    /// A query that can be drawn.
    struct Choice {
        let query: Int
        /// Positions in its ranking.
        let relevant, others: [Int]
        let relevantDocuments: Set<Int>
        let lowest: Float
    }

    /// - Parameters:
    ///   - guides: One per collection; nil, or missing, for none.
    ///   - showing: One per collection where queries are shown others.
    /// - Throws: `TrawlError.invalidInput` where no query has a relevant passage.
    public init(
        _ collections: [JudgedCollection], guides: [Guide?] = [], showing: [Showing] = [],
        settings: Settings = Settings()
    ) throws {
        precondition(
            (settings.shown ?? 0) == 0 || showing.count == collections.count, "a way of showing per collection")
        self.settings = settings
        var kept: [(collection: JudgedCollection, guide: Guide?, showing: Showing?, choices: [Choice])] = []
        for (index, collection) in collections.enumerated() {
            let choices = collection.queries.indices.compactMap { query -> Choice? in
                let judged = collection.queries[query]
                let relevant = judged.relevant
                guard !relevant.isEmpty else { return nil }
                return Choice(
                    query: query, relevant: relevant,
                    others: judged.irrelevant(hardest: settings.hardest, margin: settings.margin),
                    relevantDocuments: Set(relevant.map { collection.document(judged.ranking[$0].passage) }),
                    lowest: judged.ranking.lazy.map(\.teacher).filter(\.isFinite).min() ?? 0)
            }
            guard !choices.isEmpty else { continue }
            kept.append(
                (
                    collection, index < guides.count ? guides[index] : nil,
                    index < showing.count ? showing[index] : nil, choices
                ))
        }
        guard !kept.isEmpty else {
            throw TrawlError(
                .invalidInput, "no query has a relevant passage",
                remedy: "check that queries, judgements and index belong together")
        }
        self.collections = kept.map(\.collection)
        self.guides = kept.map { settings.isGuided ? $0.guide : nil }
        self.showing = kept.map(\.showing)
        queries = kept.map(\.choices)
        draw = CollectionDraw(counts: queries.map(\.count), exponent: settings.collectionExponent)
        orders = kept.map { collection, _, _, choices in
            DifficultyOrder(
                ease: WordOverlap.shares(choices.map { collection.queries[$0.query].tokens }) { number in
                    choices[number].relevant.map {
                        collection.passages[collection.queries[choices[number].query].ranking[$0].passage]
                    }
                })
        }
        labelTemperature = Self.temperature(kept.map { ($0.collection, $0.choices) }, settings)
    }

    /// The number of queries that can be drawn.
    public var queryCount: Int { queries.reduce(0) { $0 + $1.count } }

    /// How many of them have fewer irrelevant passages than a group takes, so that random ones fill it.
    public var filledCount: Int {
        queries.reduce(0) { $0 + $1.count { $0.others.count < settings.negatives } }
    }

    var highestToken: Int { collections.highestToken }
    var digest: String { collections.digest }

    // MARK: groups

    /// A query with its passages, the relevant one first, and the shares that the teacher gives them.
    private struct Group {
        let choice: Choice
        let passages: [Int]
        let labels: [Double]
    }

    /// The texts of a step: a function of its number and seed.
    func batch(of step: TrainingStep) -> Batch {
        var random = step.random(ofDraw: step.number * settings.queriesPerStep)
        let number = draw.collection(using: &random)
        let collection = collections[number]
        var groups: [Group] = []
        var examples: [Int] = []
        var draws: [SplitMix64] = []
        let count = min(settings.queriesPerStep, queries[number].count)
        let window = windows.isEmpty ? nil : windows[number].examples(seed: step.seed &+ UInt64(number))
        let drawn = (0..<count).map { offset in
            window?[offset] ?? orders[number].example(offset, of: count, in: step)
                ?? draw.query(step.number * settings.queriesPerStep + offset, of: number, seed: step.seed)
        }
        for (offset, query) in drawn.enumerated() {
            let turn = step.number * settings.queriesPerStep + offset
            var random = step.random(ofDraw: turn)
            groups.append(
                Self.group(queries[number][query], collection, settings, labelTemperature, using: &random))
            examples.append(draw.example(query, of: number))
            draws.append(random)
        }
        // Equal texts are one column.
        var columns: [[TokenID]: Int] = [:]
        var passages: [Int] = []
        var documents: [Set<Int>] = []
        let grouped = groups.map { group in
            group.passages.map { passage in
                let tokens = collection.passages[passage]
                let column = columns[tokens, default: passages.count]
                if column == passages.count {
                    columns[tokens] = column
                    passages.append(passage)
                    documents.append([])
                }
                documents[column].insert(collection.document(passage))
                return column
            }
        }
        let rows = zip(groups, grouped).map { group, found in
            row(group, found, passages, documents, guide: guides[number])
        }
        let queries = groups.indices.map { index in
            tokens(of: groups[index], among: groups, of: number, using: &draws[index])
        }
        return Batch(
            texts: queries + passages.map { collection.passages[$0] },
            rows: rows, examples: examples, collection: number, queries: drawn)
    }

    /// The tokens of a query: alone, or after some of the step's other queries as examples.
    private func tokens(
        of group: Group, among groups: [Group], of number: Int, using random: inout SplitMix64
    ) -> [TokenID] {
        let (choice, collection) = (group.choice, collections[number])
        guard let most = settings.shown, most > 0, let showing = showing[number] else {
            return collection.queries[choice.query].tokens
        }
        // None tells the answer.
        var others = groups.filter {
            $0.choice.query != choice.query
                && !choice.relevantDocuments.contains(collection.document($0.passages[0]))
        }
        others.shuffle(using: &random)
        let count = Int(random.next() % UInt64(most + 1))
        return showing(
            choice.query, others.prefix(count).map { ($0.choice.query, $0.passages[0]) }, settings.longestQuery)
    }

    private func row(
        _ group: Group, _ found: [Int], _ passages: [Int], _ documents: [Set<Int>], guide: Guide?
    ) -> ContrastiveRow {
        let positive = found[0]
        // A copy of the relevant passage is not an irrelevant one.
        let own = found.indices.filter { $0 == 0 || found[$0] != positive }
        let labels = own.map { group.labels[$0] }
        let sum = labels.reduce(0, +)
        let inGroup = Set(found)
        let bound = guide?.similarity(group.choice.query, passages[positive])
        let masked = passages.indices.filter { column in
            guard column != positive else { return false }
            if !documents[column].isDisjoint(with: group.choice.relevantDocuments) { return true }
            guard let guide, let bound, !inGroup.contains(column) else { return false }
            return guide.similarity(group.choice.query, passages[column]) >= bound
        }
        return ContrastiveRow(
            positive: positive, group: own.map { found[$0] }, labels: labels.map { $0 / sum }, masked: Set(masked))
    }

    private static func group(
        _ choice: Choice, _ collection: JudgedCollection, _ settings: Settings, _ temperature: Double,
        using random: inout SplitMix64
    ) -> Group {
        let (passages, scores) = drawn(choice, collection, settings, using: &random)
        return Group(choice: choice, passages: passages, labels: labels(scores, temperature: temperature))
    }

    /// A teacher that did not find the relevant passage has nothing to say.
    private static func labels(_ scores: [Float], temperature: Double) -> [Double] {
        guard scores.allSatisfy(\.isFinite) else { return [1] + [Double](repeating: 0, count: scores.count - 1) }
        return softLabels(scores, temperature: temperature)
    }

    /// A relevant passage and others, with the scores of the teacher; random ones of the collection where too few were found,
    /// which score as low as any that was found.
    private static func drawn(
        _ choice: Choice, _ collection: JudgedCollection, _ settings: Settings, using random: inout SplitMix64
    ) -> (passages: [Int], scores: [Float]) {
        let ranking = collection.queries[choice.query].ranking
        let chosen = drawnGroup(choice.relevant, choice.others, negatives: settings.negatives, using: &random)
            .map { ranking[$0] }
        var (passages, scores) = (chosen.map(\.passage), chosen.map(\.teacher))
        var attempts = 0
        while passages.count <= settings.negatives, attempts < 20 * settings.negatives {
            attempts += 1
            let passage = Int(random.next() % UInt64(collection.passages.count))
            guard !choice.relevantDocuments.contains(collection.document(passage)), !passages.contains(passage)
            else { continue }
            passages.append(passage)
            scores.append(choice.lowest)
        }
        return (passages, scores)
    }

    // MARK: the teacher's shares

    /// The mean share of relevant passages that the temperature of the teacher gives. Of two passages the better one's is above a
    /// half at any temperature.
    private static func relevantShare(_ negatives: Int) -> Double { negatives < 2 ? 0.75 : 0.5 }

    /// The temperature at which the teacher gives relevant passages the share that they shall have, on average.
    private static func temperature(
        _ collections: [(JudgedCollection, [Choice])], _ settings: Settings
    ) -> Double {
        var random = SplitMix64(seed: 0)
        var groups: [[Float]] = []
        for (collection, choices) in collections {
            for choice in choices.prefix(sampledGroups) {
                let scores = drawn(choice, collection, settings, using: &random).scores
                if scores.count > 1, scores.allSatisfy(\.isFinite) { groups.append(scores) }
            }
        }
        guard !groups.isEmpty else { return 1 }
        func share(_ temperature: Double) -> Double {
            groups.reduce(0) { $0 + labels($1, temperature: temperature)[0] } / Double(groups.count)
        }
        var (low, high) = (0.05, 20.0)
        for _ in 0..<40 {
            let middle = (low * high).squareRoot()
            if share(middle) > relevantShare(settings.negatives) { low = middle } else { high = middle }
        }
        return (low * high).squareRoot()
    }

    private static let sampledGroups = 500
}

extension JudgedCollection {
    fileprivate func document(_ passage: Int) -> Int { documents.isEmpty ? passage : documents[passage] }
}
