import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
import TrawlLexicalIndex

/// The search that finds passages for the judged queries of one index or several, of which a part is held out.
public struct CandidateSearch {
    /// nil: by words and vectors, as far as the index has them, else as it searches by default.
    public var mode: SearchMode?
    /// How many passages of a query are found.
    public var depth: Int
    /// The most queries of an index that are trained on.
    public var limit: Int
    /// The share of the judged queries that is held out.
    public var heldOut: Double
    /// Scores of another system that shall be learnt.
    public var teacher: Run?

    public init(
        mode: SearchMode? = nil, depth: Int = 100, limit: Int = 3000, heldOut: Double = 0.1, teacher: Run? = nil
    ) {
        (self.mode, self.depth, self.limit, self.heldOut, self.teacher) = (mode, depth, limit, heldOut, teacher)
    }

    /// What was found in one index.
    struct Part {
        let index: SearchIndex
        let trained: CandidatePool
        /// nil where no query is held out.
        let heldOut: CandidatePool?
        /// The judgements of all queries.
        let qrels: Qrels
    }

    /// The most held-out queries over all indexes; fewer than the least of an index say little.
    private static let mostHeldOut = 64
    private static let fewestHeldOut = 4

    /// - Throws: `CancellationError`, and what searches throw.
    func run(
        _ judged: [JudgedIndex], _ engine: Engine, _ encoding: CandidatePool.Encoding,
        progress: any ProgressReporter, cancellation: Cancellation
    ) throws -> [Part] {
        let parts = judged.map { entry in
            let parts = entry.queries.split(
                heldOut: heldOut, fewest: Self.fewestHeldOut,
                most: max(Self.fewestHeldOut, Self.mostHeldOut / judged.count))
            return (index: entry.index, trained: parts.trained.spread(limit), heldOut: parts.heldOut)
        }
        progress.begin(
            "searching", total: parts.reduce(0) { $0 + $1.trained.count + $1.heldOut.count }, unit: "queries")
        defer { progress.end() }
        let found = try parts.map { part in
            let session = try engine.session(part.index, settings(of: part.index))
            func pool(_ queries: JudgedQueries) throws -> CandidatePool {
                try CandidatePool(
                    queries, in: part.index, session, encoding: encoding, teacher: teacher, progress: progress,
                    cancellation: cancellation)
            }
            return Part(
                index: part.index, trained: try pool(part.trained),
                heldOut: part.heldOut.count > 0 ? try pool(part.heldOut) : nil, qrels: part.heldOut.qrels)
        }
        let trained = found.flatMap(\.trained.entries)
        if teacher != nil, trained.allSatisfy(\.candidates.isEmpty) {
            throw TrawlError(
                .invalidInput, "the teacher's run scores none of the documents that these queries find",
                remedy: "have the teacher score the queries of this training, by their ids")
        }
        let missing = trained.count { !$0.isFound }
        if missing > 0 {
            progress.warn("\(missing) of \(trained.count) queries find no relevant document among their best \(depth)")
        }
        return found
    }

    private func settings(of index: SearchIndex) -> SearchSettings {
        var settings = index.settings
        settings.mode = mode ?? settings.mode
        settings.limit = depth
        settings.rerankers = []
        settings.conditions = []
        settings.lexical.syntax = .plain
        // An adapter may remember these queries, and finds for them what it would find for no other.
        settings.dense.usesAdapter = false
        let weights = index.fusionWeights(settings).filter { ["lexical", "dense"].contains($0.key) && $0.value > 0 }
        // Words and vectors find nearly as much as all three, in a tenth of the time.
        if mode == nil, !weights.isEmpty {
            settings.mode = .hybrid
            settings.fusion.weights = weights
        }
        return settings
    }
}
