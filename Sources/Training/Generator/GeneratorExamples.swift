public import TrawlCore
internal import TrawlGeneration
internal import TrawlModels

/// The training examples of a generator: queries with the passages that answer them, and texts of the corpus that stand for
/// queries.
///
/// Curricula know the sources `queries`, `sentences`, `titles` and `samples`. Queries are the easier, the more of their words their
/// passages have; sentences and titles have no order of difficulty. Examples are numbered: queries, then passages (for their sentences and titles), then the queries of self samples.
public struct GeneratorExamples: Sendable {
    public let settings: Settings
    public let corpus: TrainingCorpus
    private let queries: [Query]
    /// What new passages teach, and what earlier ones do; without earlier ones all is new.
    private let new, earlier: Pool
    private let firstNew: Int
    private let start: [TokenID]
    private let end: [TokenID]
    private let sampler: SpanSampler
    /// The n-grams that the generator wrote for queries; nil before the first round of sampling.
    public var selfSamples: SelfSamples? {
        didSet {
            teachable = samples.enumerated().compactMap { index, sample in
                let (full, partial) = SelfSamples.correctKeys(of: sample)
                return full.isEmpty && partial.isEmpty ? nil : (index, full, partial)
            }
        }
    }
    /// The samples with correct n-grams, and the indices of these.
    private var teachable: [(sample: Int, full: [Int], partial: [Int])] = []

    /// The fewest tokens of a sentence that can stand for a query.
    private static let shortestSentence = 5

    /// The sources that some passages give: numbers of queries, and of passages with a title or with sentences.
    private struct Pool {
        let queries: [Int]
        /// The queries by their difficulty.
        let order: DifficultyOrder
        let titled, withSentences: [Int]

        var isEmpty: Bool { queries.isEmpty && titled.isEmpty && withSentences.isEmpty }
    }

    /// - Parameters:
    ///   - firstNew: The first passage that is new to the generator. Sources are then drawn from the new passages, and a share of
    ///     them, `settings.replayShare`, from the earlier ones. Queries belong to the new passages if one of theirs is.
    ///   - start, end: The special tokens around a source, and the words of a prompt.
    /// - Throws: `TrawlError.invalidInput` when there is nothing to learn from.
    public init(
        corpus: TrainingCorpus, queries: [Query], start: [TokenID], end: [TokenID], firstNew: Int = 0,
        settings: Settings = Settings()
    ) throws {
        self.corpus = corpus
        self.settings = settings
        self.firstNew = firstNew
        let queries = queries.filter { !$0.tokens.isEmpty && !$0.passages.isEmpty }
        self.queries = queries
        self.start = start
        self.end = end
        sampler = SpanSampler(corpus: corpus)
        func pool(_ isIncluded: (Int) -> Bool) -> Pool {
            let own = queries.indices.filter { isIncluded(queries[$0].passages.max() ?? 0) }
            return Pool(
                queries: own,
                order: DifficultyOrder(
                    ease: WordOverlap.shares(own.map { queries[$0].tokens }) {
                        queries[own[$0]].passages.map { corpus.passages[$0] }
                    }),
                titled: corpus.titleLengths.indices.filter { isIncluded($0) && corpus.titleLengths[$0] > 0 },
                withSentences: corpus.sentences.indices.filter { passage in
                    isIncluded(passage) && corpus.sentences[passage].contains { $0.count >= Self.shortestSentence }
                })
        }
        (new, earlier) = (pool { $0 >= firstNew }, pool { $0 < firstNew })
        guard !new.isEmpty else {
            throw TrawlError(
                .invalidInput,
                "there is nothing \(firstNew > 0 ? "new " : "")to learn from: no queries, no titles, no sentences",
                remedy: "index longer documents, or train on judged queries")
        }
    }

    /// The examples of a step, which its number, its seed and its stage determine.
    ///
    /// - Complexity: O(tokens of the drawn passages).
    public func batch(of step: TrainingStep) -> GenerationBatch {
        var random = SplitMix64(seed: step.seed &+ UInt64(step.number) &* 0x9E37_79B9)
        var items: [GenerationBatch.Item] = []
        let length = settings.spanLength(at: step.done)
        let sampleShare = settings.samples.share * step.stage.factor(of: "samples")
        for index in 0..<settings.sourcesPerStep {
            let number = step.number * settings.sourcesPerStep + index
            if !teachable.isEmpty, random.nextShare() < sampleShare {
                items.append(sampled(number: number, seed: step.seed, using: &random))
                continue
            }
            let isReplayed = !earlier.isEmpty && random.nextShare() < settings.replayShare
            let pool = isReplayed ? earlier : new
            let shares = shares(of: pool, at: step.stage)
            let draw = random.nextShare() * shares.reduce(0, +)
            let item: GenerationBatch.Item? =
                if draw < shares[0] {
                    query(
                        of: pool, draw: (index, number), in: step, length: length, using: &random)
                } else if draw < shares[0] + shares[1] {
                    sentence(of: pool, length: length, using: &random)
                } else {
                    title(of: pool, length: length, using: &random)
                }
            if let item { items.append(item) }
        }
        return GenerationBatch(items, rankings: rankings(of: step, using: &random))
    }

    private var samples: [SelfSamples.Sample] { selfSamples?.samples ?? [] }

    /// A query with correct n-grams that the generator wrote for it; those of high weight are drawn most often.
    private func sampled(number: Int, seed: UInt64, using random: inout SplitMix64) -> GenerationBatch.Item {
        let (index, full, partial) = teachable[ShuffledRounds.index(number, of: teachable.count, seed: seed)]
        let sample = samples[index]
        let keys = full.map { ($0, Float(1)) } + partial.map { ($0, settings.samples.partialWeight) }
        var weights = keys.map { key, factor in
            Float(selfSamples?.weights.weight(sample.found.features[key]) ?? 0) * factor
        }
        var targets: [GenerationBatch.Target] = []
        while targets.count < settings.spansPerSource, let chosen = random.draw(weights) {
            weights[chosen] = 0
            targets.append(.init(tokens: sample.found.keys[keys[chosen].0], weight: keys[chosen].1))
        }
        return GenerationBatch.Item(
            source: source(sample.query), targets: targets, example: queries.count + corpus.passages.count + index)
    }

    private func rankings(of step: TrainingStep, using random: inout SplitMix64) -> [GenerationBatch.Ranking] {
        guard let selfSamples, !samples.isEmpty, settings.samples.rankingWeight > 0 else { return [] }
        let count = settings.samples.rankingsPerStep
        return (0..<count).compactMap { index in
            let sample = samples[ShuffledRounds.index(step.number * count + index, of: samples.count, seed: ~step.seed)]
            return selfSamples.margin(of: sample, margin: settings.samples.margin, using: &random).map {
                .init(source: source(sample.query), keys: $0.keys.map { sample.found.keys[$0] }, margin: $0.margin)
            }
        }
    }

    /// The shares of the sources that a pool has; even ones where the shares of all of these are 0.
    private func shares(of pool: Pool, at stage: CurriculumStage) -> [Double] {
        let exist = [!pool.queries.isEmpty, !pool.withSentences.isEmpty, !pool.titled.isEmpty]
        let wanted = [
            settings.queryShare * stage.factor(of: "queries"), settings.sentenceShare * stage.factor(of: "sentences"),
            settings.titleShare * stage.factor(of: "titles"),
        ]
        let shares = zip(exist, wanted).map { $0 ? $1 : 0 }
        return shares.contains { $0 > 0 } ? shares : exist.map { $0 ? 1 : 0 }
    }

    /// The highest token of the corpus, the queries and the prompt.
    var highestToken: Int {
        let all = [
            corpus.passages.lazy.map { $0.max() ?? 0 }.max() ?? 0, queries.lazy.map { $0.tokens.max() ?? 0 }.max() ?? 0,
        ]
        return Int(max(all[0], all[1], (start + end).max() ?? 0))
    }

    /// Identifies the tokens of the corpus, the queries and the prompt.
    var digest: String {
        var hash = StableHash()
        for tokens in corpus.passages + queries.map(\.tokens) + [start, end] {
            tokens.withUnsafeBytes { hash.update($0) }
            hash.update("\(tokens.count)")
        }
        if firstNew > 0 { hash.update("new from \(firstNew)") }
        return hash.hexadecimal
    }

    /// Each query has its turn, in a new order in each round; a curriculum lets the easiest be drawn.
    ///
    /// - Parameter draw: The number of the draw in its step, and in the training.
    private func query(
        of pool: Pool, draw: (offset: Int, number: Int), in step: TrainingStep, length: Int,
        using random: inout SplitMix64
    ) -> GenerationBatch.Item? {
        let place =
            pool.order.example(draw.offset, of: settings.sourcesPerStep, in: step)
            ?? ShuffledRounds.index(draw.number, of: pool.queries.count, seed: step.seed)
        let index = pool.queries[place]
        let query = queries[index]
        let passage = query.passages[Int(random.next() % UInt64(query.passages.count))]
        return item(
            query.tokens, passage, length: length, source: query.source, example: index, using: &random)
    }

    private func title(
        of pool: Pool, length spanLength: Int, using random: inout SplitMix64
    ) -> GenerationBatch.Item? {
        let passage = pool.titled[Int(random.next() % UInt64(pool.titled.count))]
        let length = corpus.titleLengths[passage]
        let isExcluded = random.next() % 2 == 0
        return item(
            Array(corpus.passages[passage][..<length]), passage, length: spanLength,
            excluding: isExcluded ? 0..<length : nil, using: &random)
    }

    private func sentence(of pool: Pool, length: Int, using random: inout SplitMix64) -> GenerationBatch.Item? {
        let passage = pool.withSentences[Int(random.next() % UInt64(pool.withSentences.count))]
        let sentences = corpus.sentences[passage].filter { $0.count >= Self.shortestSentence }
        let range = sentences[Int(random.next() % UInt64(sentences.count))]
        let isExcluded = random.next() % 2 == 0
        return item(
            withoutSomeWords(corpus.passages[passage][range], using: &random), passage, length: length,
            excluding: isExcluded ? range : nil, using: &random)
    }

    /// A sentence without some of its words: queries do not have all words of what answers them.
    private func withoutSomeWords(_ tokens: ArraySlice<TokenID>, using random: inout SplitMix64) -> [TokenID] {
        var kept: [TokenID] = []
        var isKept = true
        for token in tokens {
            if Int(token) >= corpus.beginsWord.count || corpus.beginsWord[Int(token)] {
                isKept = random.nextShare() >= settings.wordDropout
            }
            if isKept { kept.append(token) }
        }
        return kept.isEmpty ? Array(tokens) : kept
    }

    private func item(
        _ tokens: [TokenID], _ passage: Int, length: Int, excluding excluded: Range<Int>? = nil,
        source whole: [TokenID]? = nil, example: Int? = nil, using random: inout SplitMix64
    ) -> GenerationBatch.Item? {
        let spans = sampler.sample(
            settings.spansPerSource, from: passage, length: length, query: Set(tokens), excluding: excluded,
            using: &random)
        let source = whole.flatMap { $0.count <= settings.sourceLength ? $0 : nil } ?? source(tokens)
        return GenerationBatch.Item(
            source: source, targets: spans.map { .init(tokens: $0) }, example: example ?? queries.count + passage)
    }

    func source(_ tokens: [TokenID]) -> [TokenID] {
        start + tokens.prefix(max(1, settings.sourceLength - start.count - end.count)) + end
    }
}
