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
    private let start: [TokenID]
    private let end: [TokenID]
    private let sampler: SpanSampler
    private let order: DifficultyOrder
    private let titled: [Int]
    private let withSentences: [Int]
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

    /// - Parameters:
    ///   - start, end: The special tokens around a source, and the words of a prompt.
    /// - Throws: `TrawlError.invalidInput` when there is nothing to learn from.
    public init(
        corpus: TrainingCorpus, queries: [Query], start: [TokenID], end: [TokenID], settings: Settings = Settings()
    ) throws {
        self.corpus = corpus
        self.settings = settings
        self.queries = queries.filter { !$0.tokens.isEmpty && !$0.passages.isEmpty }
        self.start = start
        self.end = end
        sampler = SpanSampler(corpus: corpus)
        let kept = self.queries
        order = DifficultyOrder(
            ease: WordOverlap.shares(kept.map(\.tokens)) { kept[$0].passages.map { corpus.passages[$0] } })
        titled = corpus.titleLengths.indices.filter { corpus.titleLengths[$0] > 0 }
        withSentences = corpus.sentences.indices.filter { passage in
            corpus.sentences[passage].contains { $0.count >= Self.shortestSentence }
        }
        guard !self.queries.isEmpty || !titled.isEmpty || !withSentences.isEmpty else {
            throw TrawlError(
                .invalidInput, "there is nothing to learn from: no queries, no titles, no sentences",
                remedy: "index longer documents, or train on judged queries")
        }
    }

    /// The examples of a step, which its number, its seed and its stage determine.
    ///
    /// - Complexity: O(tokens of the drawn passages).
    public func batch(of step: TrainingStep) -> GenerationBatch {
        var random = SplitMix64(seed: step.seed &+ UInt64(step.number) &* 0x9E37_79B9)
        let shares = shares(at: step.stage)
        let total = shares.reduce(0, +)
        var items: [GenerationBatch.Item] = []
        let length = settings.spanLength(at: step.done)
        let sampleShare = settings.samples.share * step.stage.factor(of: "samples")
        for index in 0..<settings.sourcesPerStep {
            let number = step.number * settings.sourcesPerStep + index
            if !teachable.isEmpty, random.nextShare() < sampleShare {
                items.append(sampled(number: number, seed: step.seed, using: &random))
                continue
            }
            let draw = random.nextShare() * total
            let item: GenerationBatch.Item? =
                if draw < shares[0] {
                    query(
                        order.example(index, of: settings.sourcesPerStep, in: step)
                            ?? ShuffledRounds.index(number, of: queries.count, seed: step.seed),
                        length: length, using: &random)
                } else if draw < shares[0] + shares[1] {
                    sentence(length: length, using: &random)
                } else {
                    title(length: length, using: &random)
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

    /// The shares of the sources that exist; even ones where the shares of all of these are 0.
    private func shares(at stage: CurriculumStage) -> [Double] {
        let exist = [!queries.isEmpty, !withSentences.isEmpty, !titled.isEmpty]
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
        return hash.hexadecimal
    }

    private func query(_ index: Int, length: Int, using random: inout SplitMix64) -> GenerationBatch.Item? {
        let query = queries[index]
        let passage = query.passages[Int(random.next() % UInt64(query.passages.count))]
        return item(
            query.tokens, passage, length: length, source: query.source, example: index, using: &random)
    }

    private func title(length spanLength: Int, using random: inout SplitMix64) -> GenerationBatch.Item? {
        let passage = titled[Int(random.next() % UInt64(titled.count))]
        let length = corpus.titleLengths[passage]
        let isExcluded = random.next() % 2 == 0
        return item(
            Array(corpus.passages[passage][..<length]), passage, length: spanLength,
            excluding: isExcluded ? 0..<length : nil, using: &random)
    }

    private func sentence(length: Int, using random: inout SplitMix64) -> GenerationBatch.Item? {
        let passage = withSentences[Int(random.next() % UInt64(withSentences.count))]
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
