public import TrawlCore
public import TrawlModels
public import TrawlTokenizers

/// Judged queries with the passages that a first stage found for them, from one collection or several.
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

    /// A passage in the ranking of a query.
    public struct Candidate: Sendable {
        /// The number of the passage in its collection.
        public let passage: Int
        /// The score of the first stage.
        public let score: Float
        /// The score of a teacher, which `RerankLoss` may take.
        public let teacher: Float
        public let isRelevant: Bool

        public init(passage: Int, score: Float, teacher: Float = 0, isRelevant: Bool) {
            (self.passage, self.score, self.teacher, self.isRelevant) = (passage, score, teacher, isRelevant)
        }
    }

    public struct JudgedQuery: Sendable {
        /// Without special tokens.
        public let tokens: [TokenID]
        /// Best first; relevant ones that were not found may follow at the end, with the score -infinity.
        public let ranking: [Candidate]

        public init(tokens: [TokenID], ranking: [Candidate]) {
            (self.tokens, self.ranking) = (tokens, ranking)
        }
    }

    public struct Collection: Sendable {
        /// The tokens of each passage, without special ones.
        public let passages: [[TokenID]]
        public let queries: [JudgedQuery]

        public init(passages: [[TokenID]], queries: [JudgedQuery]) {
            (self.passages, self.queries) = (passages, queries)
        }
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
    private let collections: [Collection]
    private let template: PairTemplate
    private let curriculum: RerankCurriculum?
    /// For each query of each collection the positions of relevant candidates and of those that count as irrelevant.
    private let choices: [[(relevant: [Int], others: [Int])]]
    private let firstExample: [Int]
    private let shares: [Float]

    /// - Throws: `TrawlError.invalidInput` where no query has both a relevant passage and another one.
    public init(
        _ collections: [Collection], template: PairTemplate, settings: Settings = Settings(),
        curriculum: RerankCurriculum? = nil
    ) throws {
        self.template = template
        self.settings = settings
        self.curriculum = curriculum
        let kept = collections.map { collection in
            Collection(
                passages: collection.passages,
                queries: collection.queries.filter { query in
                    query.ranking.contains(where: \.isRelevant)
                        && !Self.others(query.ranking, settings).isEmpty
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
                (
                    query.ranking.indices.filter { query.ranking[$0].isRelevant },
                    Self.others(query.ranking, settings)
                )
            }
        }
        var count = 0
        firstExample = kept.map { collection in
            defer { count += collection.queries.count }
            return count
        }
        shares = kept.map { collection in
            settings.collectionExponent == 0
                ? 1
                : Float(exponential(settings.collectionExponent * logarithm(Double(collection.queries.count))))
        }
    }

    /// The number of queries that can be drawn.
    public var queryCount: Int { collections.reduce(0) { $0 + $1.queries.count } }

    /// The positions of candidates that count as irrelevant, best first.
    private static func others(_ ranking: [Candidate], _ settings: Settings) -> [Int] {
        var limit = Float.infinity
        if let margin = settings.margin, let best = ranking.filter(\.isRelevant).map(\.score).max(), best.isFinite {
            limit = best - Float(margin) * abs(best)
        }
        return Array(
            ranking.indices.filter { !ranking[$0].isRelevant && ranking[$0].score <= limit }.prefix(settings.hardest))
    }

    /// The groups of a step: a function of its number and seed.
    func groups(of step: TrainingStep) -> [Group] {
        (0..<settings.queriesPerStep).map { offset in
            let number = step.number * settings.queriesPerStep + offset
            var random = SplitMix64(seed: step.seed &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
            let collection = random.draw(shares) ?? 0
            let count = collections[collection].queries.count
            return group(
                collection, ShuffledRounds.index(number, of: count, seed: step.seed &+ UInt64(collection)),
                seen: number, using: &random)
        }
    }

    private func group(_ number: Int, _ query: Int, seen: Int, using random: inout SplitMix64) -> Group {
        let collection = collections[number]
        let judged = collection.queries[query]
        let (relevant, others) = choices[number][query]
        var chosen = [relevant[Int(random.next() % UInt64(relevant.count))]]
        var left = others
        while chosen.count <= settings.negatives, !left.isEmpty {
            chosen.append(left.remove(at: Int(random.next() % UInt64(left.count))))
        }
        let candidates = chosen.map { judged.ranking[$0] }
        var weight = 1.0
        if let curriculum {
            let values = curriculum.values(judged.ranking.map(\.score).filter(\.isFinite))
            let ease = chosen.map { $0 < values.ranked.count ? values.ranked[$0] : values.missing }
            weight = curriculum.weight(relevant: ease[0], others: Array(ease.dropFirst()), seen: seen)
        }
        return Group(
            inputs: candidates.map { input(judged.tokens, collection.passages[$0.passage]) },
            teacher: candidates.map(\.teacher), weight: Float(weight), example: firstExample[number] + query)
    }

    /// A query and a passage as the model reads them.
    private func input(_ query: [TokenID], _ passage: [TokenID]) -> EncoderInput {
        let pair = template.input(query, passage, maximum: settings.maximumTokens)
        return EncoderInput(tokens: pair.tokens, segments: pair.segments)
    }

    /// The highest token of all queries and passages.
    var highestToken: Int {
        Int(
            collections.lazy.flatMap { collection in
                [collection.passages, collection.queries.map(\.tokens)].lazy.map {
                    $0.lazy.map { $0.max() ?? 0 }.max() ?? 0
                }
            }.max() ?? 0)
    }

    /// Identifies queries, passages and rankings.
    var digest: String {
        var hash = StableHash()
        for collection in collections {
            for tokens in collection.passages + collection.queries.map(\.tokens) {
                tokens.withUnsafeBytes { hash.update($0) }
                hash.update("\(tokens.count)")
            }
            for candidate in collection.queries.lazy.flatMap(\.ranking) {
                hash.update("\(candidate.passage) \(candidate.isRelevant) \(candidate.teacher.bitPattern)")
            }
        }
        return hash.hexadecimal
    }
}
