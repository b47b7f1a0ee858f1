import TrawlCore
public import TrawlModels
public import TrawlTokenizers

/// Judged queries with the passages that a first stage found for them, from one collection or several.
///
/// For curricula, queries are the easier, the more of their words their relevant passages have.
public struct RerankExamples: Sendable {
    /// What is drawn.
    public struct Settings: Codable, Sendable, Equatable {
        /// How many queries a step has.
        public var queriesPerStep = 8
        /// How many passages that are not relevant are compared with a relevant one.
        public var negatives = 7
        /// The best passages that are not relevant, from which these are drawn.
        public var hardest = 30
        /// A passage that is not judged and whose score exceeds that of the best relevant one, less this share of it, is not
        /// taken as irrelevant (Moreira et al. 2024, arXiv 2407.15831); nil takes all.
        public var margin: Double?
        /// The most tokens of a pair, special ones included.
        public var maximumTokens = 192
        /// The exponent of the number of queries by which collections are drawn: 1 draws queries alike, 0 collections.
        public var collectionExponent = 0.5

        public init() {}
    }

    /// A query with a relevant passage and others that are not.
    public struct Group: Sendable {
        /// The relevant one first.
        public let inputs: [EncoderInput]
        public let teacher: [Float]
        /// The weight of the curriculum.
        public let weight: Float
        /// The number of the query among all queries.
        public let example: Int
    }

    public let settings: Settings
    private let collections: [JudgedCollection]
    private let template: PairTemplate
    private let curriculum: RerankCurriculum?
    /// For each query of each collection the positions of relevant candidates and of those that count as irrelevant.
    private let choices: [[(relevant: [Int], others: [Int])]]
    private let draw: CollectionDraw
    private let orders: [DifficultyOrder]

    /// - Throws: `TrawlError.invalidInput` where no query has both a relevant passage and another one.
    public init(
        _ collections: [JudgedCollection], template: PairTemplate, settings: Settings = Settings(),
        curriculum: RerankCurriculum? = nil
    ) throws {
        self.template = template
        self.settings = settings
        self.curriculum = curriculum
        let kept = collections.map { collection in
            JudgedCollection(
                passages: collection.passages,
                queries: collection.queries.filter { query in
                    query.ranking.contains(where: \.isRelevant) && !Self.others(query, settings).isEmpty
                })
        }.filter { !$0.queries.isEmpty }
        guard !kept.isEmpty else {
            throw TrawlError(
                .invalidInput, "no query has a relevant passage and another one that was found",
                remedy: "check that queries, judgements and index belong together")
        }
        self.collections = kept
        choices = kept.map { collection in
            collection.queries.map { query in
                (query.relevant, Self.others(query, settings))
            }
        }
        orders = kept.map { collection in
            DifficultyOrder(
                ease: WordOverlap.shares(collection.queries.map(\.tokens)) { query in
                    collection.queries[query].ranking.filter(\.isRelevant).map { collection.passages[$0.passage] }
                })
        }
        draw = CollectionDraw(counts: kept.map(\.queries.count), exponent: settings.collectionExponent)
    }

    /// The number of queries that can be drawn.
    public var queryCount: Int { collections.reduce(0) { $0 + $1.queries.count } }

    private static func others(_ query: JudgedRanking, _ settings: Settings) -> [Int] {
        query.irrelevant(hardest: settings.hardest, margin: settings.margin)
    }

    /// The groups of a step: a function of its number and seed.
    func groups(of step: TrainingStep) -> [Group] {
        (0..<settings.queriesPerStep).map { offset in
            let number = step.number * settings.queriesPerStep + offset
            var random = step.random(ofDraw: number)
            let collection = draw.collection(using: &random)
            let query =
                orders[collection].example(offset, of: settings.queriesPerStep, in: step)
                ?? draw.query(number, of: collection, seed: step.seed)
            return group(collection, query, seen: number, using: &random)
        }
    }

    private func group(_ number: Int, _ query: Int, seen: Int, using random: inout SplitMix64) -> Group {
        let collection = collections[number]
        let judged = collection.queries[query]
        let (relevant, others) = choices[number][query]
        let chosen = drawnGroup(relevant, others, negatives: settings.negatives, using: &random)
        let candidates = chosen.map { judged.ranking[$0] }
        var weight = 1.0
        if let curriculum {
            let values = curriculum.values(judged.ranking.map(\.score).filter(\.isFinite))
            let ease = chosen.map { $0 < values.ranked.count ? values.ranked[$0] : values.missing }
            weight = curriculum.weight(relevant: ease[0], others: Array(ease.dropFirst()), seen: seen)
        }
        return Group(
            inputs: candidates.map { input(judged.tokens, collection.passages[$0.passage]) },
            teacher: candidates.map(\.teacher), weight: Float(weight), example: draw.example(query, of: number))
    }

    /// A query and a passage as the model reads them.
    private func input(_ query: [TokenID], _ passage: [TokenID]) -> EncoderInput {
        let pair = template.input(query, passage, maximum: settings.maximumTokens)
        return EncoderInput(tokens: pair.tokens, segments: pair.segments)
    }

    var highestToken: Int { collections.highestToken }
    var digest: String { collections.digest }
}
