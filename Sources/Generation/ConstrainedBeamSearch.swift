import TrawlCore
import TrawlModels

/// An n-gram that beam search looked at and that occurs in the corpus.
struct GeneratedNGram<SuffixRange: Sendable>: Sendable {
    /// Without the forced prefix and without the boundary that may have ended it.
    let tokens: [TokenID]
    /// The sum of its tokens' log-probabilities, divided by the length penalty.
    let logProbability: Double
    /// The occurrences of the forced prefix and the tokens.
    let range: SuffixRange
    var isComplete: Bool
}

/// What one beam search is asked for.
struct BeamSearchTask {
    enum Form {
        /// N-grams from anywhere in a passage. A boundary ends one.
        case body
        /// N-grams between these marks, such as titles. A boundary behind them is a dead end.
        case marked(start: [TokenID], end: [TokenID])

        /// What every n-gram begins with in the corpus.
        var start: [TokenID] {
            switch self {
            case .body: []
            case .marked(let start, _): start
            }
        }
    }

    let prompt: PrefilledPrompt
    let form: Form
    let parameters: BeamSearchParameters
    /// Which tokens may begin an n-gram; nil for all.
    var begins: (@Sendable (TokenID) -> Bool)?
}

/// Beam search whose hypotheses are n-grams of a corpus (SEAL, section 3.2 of arXiv 2204.10628).
///
/// Log-probabilities are over the whole vocabulary and are not renormalised after the corpus has ruled tokens out.
/// Every candidate of every step is kept, not only the final beams. All tasks step together: one call of the decoder a
/// step.
struct ConstrainedBeamSearch<Oracle: SubstringOracle> {
    typealias SuffixRange = Oracle.SuffixRange
    typealias NGram = GeneratedNGram<SuffixRange>

    let oracle: Oracle

    /// The n-grams of each task: bodies in the order of the steps and, within a step, best first; those between marks
    /// likewise, but only finished ones.
    ///
    /// - Complexity: a step runs one decoder row for each beam; candidates cost O(vocabulary) a row and, for the lazy
    ///   walk, about as many range extensions as there are candidates.
    func run(_ tasks: [BeamSearchTask], session: any DecodingSession) throws -> [[NGram]] {
        let starts = try oracle.ranges(of: tasks.map(\.form.start))
        var searches = zip(tasks, starts).map { Search(task: $0, start: $1) }
        try oracle.prepare(starts.compactMap { $0 })
        for index in searches.indices {
            let prompt = tasks[index].prompt
            try prompt.logits.withUnsafeBufferPointer { logits in
                try searches[index].offer(beam: 0, logits: logits, normaliser: prompt.normaliser, oracle: oracle)
            }
            searches[index].settle(oracle: oracle)
        }
        while true {
            var rows: [DecodingRow] = []
            for search in searches {
                for beam in search.beams { rows.append(DecodingRow(parent: beam.node, token: beam.lastToken)) }
            }
            if rows.isEmpty { break }
            try oracle.prepare(searches.flatMap { $0.beams.compactMap(\.range) })
            let step = try session.advance(rows)
            var row = 0
            for index in searches.indices {
                for beam in searches[index].beams.indices {
                    searches[index].beams[beam].node = step.nodes[row]
                    let logits = step.row(row)
                    try searches[index].offer(
                        beam: beam, logits: logits, normaliser: LogSoftmax.normaliser(of: logits), oracle: oracle)
                    row += 1
                }
                if !searches[index].beams.isEmpty { searches[index].settle(oracle: oracle) }
            }
        }
        return searches.map(\.history)
    }
}

extension ConstrainedBeamSearch {
    private struct Beam {
        /// The node of the last token once it has run, and of the one before until then.
        var node: CacheNode
        let score: Double
        let tokens: [TokenID]
        /// Nil when free generation has left the corpus.
        let range: SuffixRange?
        /// Where the n-gram stands in the history, if it does.
        let history: Int?

        var lastToken: TokenID { tokens[tokens.count - 1] }
    }

    /// The state of one task.
    private struct Search {
        let task: BeamSearchTask
        var beams: [Beam]
        var history: [NGram] = []
        private var heap: CandidateHeap

        /// - Parameter start: nil where no n-gram of the task occurs.
        init(task: BeamSearchTask, start: SuffixRange?) {
            self.task = task
            heap = CandidateHeap(capacity: 2 * task.parameters.beams)
            if start == nil && task.parameters.isConstrained {
                beams = []
            } else {
                beams = [Beam(node: task.prompt.node, score: 0, tokens: [], range: start, history: nil)]
            }
        }

        /// Offers the continuations of one beam to the step's candidates.
        mutating func offer(
            beam index: Int, logits: UnsafeBufferPointer<Float>, normaliser: Double, oracle: Oracle
        ) throws {
            guard index < beams.count else { return }
            let beam = beams[index]
            let parameters = task.parameters
            var source = CandidateSource(
                logits: logits, base: beam.score - normaliser, beam: Int32(truncatingIfNeeded: index),
                boundary: oracle.boundary)
            if case .body = task.form {
                source.allowsBoundary = beam.tokens.count >= parameters.minimumLength
                source.forcesBoundary = parameters.alwaysAllowEnd && source.allowsBoundary
            }
            if beam.tokens.isEmpty { source.allowed = task.begins }
            var outside = source
            if parameters.isConstrained { outside.base -= parameters.softConstraint ?? 0 }
            guard parameters.isConstrained, let range = beam.range else {
                return outside.offerAll(to: &heap)
            }
            if source.allowsBoundary, !beam.tokens.isEmpty, parameters.stopAtCount > 0,
                oracle.count(range) <= parameters.stopAtCount
            {
                return source.offer(oracle.boundary, to: &heap)
            }
            switch parameters.selection {
            case .fullMask: source.offerContinuations(of: range, in: oracle, to: &heap)
            case .lazy: source.offerLazily(continuationsOf: range, in: oracle, to: &heap)
            case .adaptive:
                if oracle.count(range) <= 256 {
                    source.offerContinuations(of: range, in: oracle, to: &heap)
                } else {
                    source.offerLazily(continuationsOf: range, in: oracle, to: &heap)
                }
            }
            // Behind those inside: where nearly every token follows, few outside can still enter, and the walk is
            // short.
            if parameters.softConstraint != nil { outside.offerOutside(of: range, in: oracle, to: &heap) }
        }

        /// Ends the step: its candidates enter the history, and the best that go on become the beams.
        mutating func settle(oracle: Oracle) {
            let candidates = heap.sorted()
            heap = CandidateHeap(capacity: heap.capacity)
            let parents = beams
            beams = []
            for (rank, candidate) in candidates.enumerated() {
                let parent = parents[Int(candidate.beam)]
                if candidate.token == oracle.boundary {
                    // The n-gram before the boundary is in the history already; now it is known to be whole.
                    if rank < task.parameters.beams, let index = parent.history { history[index].isComplete = true }
                    continue
                }
                let tokens = parent.tokens + [candidate.token]
                let range = parent.range.flatMap { oracle.extend($0, with: candidate.token) }
                var index: Int?
                let ends = reachesEnd(tokens)
                if let range, ends ?? true {
                    index = history.count
                    history.append(
                        NGram(
                            tokens: tokens, logProbability: penalised(candidate.score, length: tokens.count),
                            range: range, isComplete: ends ?? (tokens.count == task.parameters.length)))
                }
                if ends == true || tokens.count == task.parameters.length { continue }
                if beams.count < task.parameters.beams {
                    beams.append(
                        Beam(
                            node: parent.node, score: candidate.score, tokens: tokens, range: range, history: index))
                }
            }
        }

        /// Whether the mark at the end has been reached; nil for a body.
        private func reachesEnd(_ tokens: [TokenID]) -> Bool? {
            guard case .marked(_, let end) = task.form else { return nil }
            return tokens.count >= end.count + task.parameters.minimumLength && tokens.suffix(end.count) == end[...]
        }

        private func penalised(_ score: Double, length: Int) -> Double {
            task.parameters.lengthPenalty == 0 ? score : score / power(Double(length), task.parameters.lengthPenalty)
        }
    }
}
