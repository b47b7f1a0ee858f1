public import TrawlCore
import TrawlEmbeddings
public import TrawlEngine
import TrawlEvaluation
import TrawlModels
import TrawlTraining

/// Looks at judged queries as training data of an embedder: what each pair of a query and a relevant passage asks it to learn, and
/// which pairs hardly belong together.
///
/// The gradients of single pairs and their spectra are those of arXiv 2504.10766, for an embedder in place of a language model.
public struct TrainingInspection {
    /// The model, by name or path; nil: that of the first index, or the default one.
    public var model: String?
    /// The most pairs of an index, at equal distances.
    public var pairs = 200
    /// The share of pairs whose passages are exchanged among one another, to see which measure finds them; 0 for none.
    public var planted = 0.0
    public var seed: UInt64 = 1
    /// How many pairs of the highest loss are listed.
    public var outliers = 10
    /// The best other passages that the search found, which a pair's loss compares with.
    public var others = 30
    /// The most tokens of a text.
    public var maximumTokens = 128

    public init() {}

    /// - Throws: `TrawlError` for a model whose gradients cannot be computed, or too few pairs to exchange;
    ///   `CancellationError`.
    /// - Complexity: Two passes of the model and 4 singular value decompositions a layer for each pair: about 0.5 s for MiniLM.
    public func run(
        _ judged: [JudgedIndex], _ engine: Engine, progress: any ProgressReporter = .silent,
        cancellation: Cancellation = .never
    ) throws -> InspectionReport {
        let folder = try EmbedderFolder(path: ModelCatalogue.path(of: model ?? judged.embedder))
        let inspector = try PairInspector(folder)
        let embedder = try TextEmbedder(folder: folder.path)
        let (ofQueries, ofPassages) = (try embedder.prompt(for: .query), try embedder.prompt(for: .passage))
        func tokens(_ text: String, _ prompt: EmbeddingPrompt) -> [TokenID] {
            embedder.inputs(of: [text], in: prompt, maximum: maximumTokens).tokens[0]
        }
        let parts = try CandidateSearch(limit: pairs, heldOut: 0).run(
            judged, engine, .init(query: { tokens($0, ofQueries) }, passage: { tokens($0, ofPassages) }),
            progress: progress, cancellation: cancellation)
        progress.begin(
            "inspecting", total: parts.reduce(0) { $0 + $1.trained.entries.count }, unit: "pairs")
        defer { progress.end() }
        var found: [[InspectionReport.Pair]] = []
        for part in parts {
            let guide = try EmbedderData.guide(part, embedder, ofQueries, ofPassages, .silent)
            let pool = part.trained
            var own: [InspectionReport.Pair] = []
            for (entry, pair) in zip(pool.entries, try chosen(pool)) {
                if cancellation.isCancelled { throw CancellationError() }
                let others = pair.others.map { guide.vector(ofPassage: entry.candidates[$0].passage) }
                let gradient = try inspector.inspect(
                    query: entry.tokens, passage: pool.passages[pair.passage], others: others)
                let passage = try part.index.documents.passage(pool.identifiers[pair.passage])
                own.append(
                    .init(
                        index: part.index.path, queryID: entry.query.id, query: entry.query.text,
                        document: passage.document.rawValue, passage: passage.content,
                        loss: gradient.loss, margin: Double(pair.margin), nuclearNorm: gradient.nuclearNorm,
                        effectiveRank: gradient.effectiveRank, tokens: gradient.tokens, isPlanted: pair.isPlanted))
                progress.advance(1)
            }
            found.append(own)
        }
        let all = found.flatMap { $0 }
        return InspectionReport(
            model: folder.path, sources: found.compactMap(Self.source),
            outliers: Array(
                all.enumerated().sorted { ($1.element.loss, $0.offset) < ($0.element.loss, $1.offset) }.prefix(outliers)
                    .map(\.element)), noise: planted > 0 ? Self.noise(all) : nil, pairs: all)
    }

    /// A pair before its gradient is computed.
    private struct Choice {
        /// The number of the passage in the pool.
        var passage: Int
        /// The positions of the candidates that it is compared with.
        var others: [Int] = []
        var margin: Float = 0
        var isPlanted = false
    }

    /// The best relevant passage of each query, some of them exchanged.
    private func chosen(_ pool: CandidatePool) throws -> [Choice] {
        var choices = pool.entries.map { entry in
            Choice(passage: entry.candidates.first(where: \.isRelevant)?.passage ?? 0)
        }
        if planted > 0 { try exchange(&choices, pool) }
        for (index, entry) in pool.entries.enumerated() {
            let (own, isPlanted) = (choices[index].passage, choices[index].isPlanted)
            // Who does not know that a pair was exchanged takes the relevant passage for another one.
            let others = entry.candidates.indices.filter { position in
                let candidate = entry.candidates[position]
                return candidate.passage != own && candidate.score.isFinite && (isPlanted || !candidate.isRelevant)
            }
            choices[index].others = Array(others.prefix(self.others))
            let lowest = entry.candidates.lazy.map(\.score).filter(\.isFinite).min() ?? 0
            let score = entry.candidates.first { $0.passage == own }?.score ?? lowest
            let best = others.first.map { entry.candidates[$0].score } ?? lowest
            choices[index].margin = (score.isFinite ? score : lowest) - best
        }
        return choices
    }

    /// Gives a share of the queries the passage of the next one among them, unless that belongs to the same document.
    private func exchange(_ choices: inout [Choice], _ pool: CandidatePool) throws {
        var random = SplitMix64(seed: seed)
        var order = Array(choices.indices)
        for last in order.indices.dropFirst().reversed() {
            order.swapAt(last, Int(random.next() % UInt64(last + 1)))
        }
        let taken = order.prefix(Int((Double(choices.count) * planted).rounded()))
        guard taken.count > 1 else {
            throw TrawlError(
                .invalidInput, "\(choices.count) pairs are too few to exchange a share of \(planted) of their passages",
                remedy: "give more judged queries")
        }
        let passages = taken.map { choices[$0].passage }
        for (number, index) in taken.enumerated() {
            let other = passages[(number + 1) % passages.count]
            guard pool.documents[other] != pool.documents[choices[index].passage] else { continue }
            choices[index].passage = other
            choices[index].isPlanted = true
        }
    }

    private static func source(_ pairs: [InspectionReport.Pair]) -> InspectionReport.Source? {
        let own = pairs.filter { !$0.isPlanted }
        guard let first = own.first else { return nil }
        let count = Double(own.count)
        let means = InspectionReport.Measure.allCases.map { measure in
            (measure.rawValue, own.reduce(0) { $0 + $1.value(of: measure) } / count)
        }
        return .init(
            index: first.index, pairs: own.count, means: Dictionary(uniqueKeysWithValues: means),
            first: Double(own.count { $0.margin > 0 }) / count)
    }

    private static func noise(_ pairs: [InspectionReport.Pair]) -> InspectionReport.Noise {
        let (planted, others) = (pairs.filter(\.isPlanted), pairs.filter { !$0.isPlanted })
        let areas = InspectionReport.Measure.allCases.compactMap { measure in
            let (a, b) = (planted.map { $0.value(of: measure) }, others.map { $0.value(of: measure) })
            return (measure.growsWithNoise ? AreaUnderCurve.area(a, over: b) : AreaUnderCurve.area(b, over: a))
                .map { (measure.rawValue, $0) }
        }
        return .init(
            planted: planted.count, others: others.count, areas: Dictionary(uniqueKeysWithValues: areas))
    }
}
