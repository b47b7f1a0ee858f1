internal import TrawlCore
internal import TrawlTensors

/// Where a prompt's first row stands in the cache, and its tokens.
struct PromptPlace {
    let slot: Int
    let tokens: [TokenID]
}

/// What sessions over a `KeyValueTree` share: the steps of beams, and the scores of continuations that are forced.
protocol TreeSession: DecodingSession {
    var cache: KeyValueTree { get }
    /// The length of a row's state.
    var hiddenSize: Int { get }
    var finalStates: FloatBuffer { get }
    var logitsBuffer: FloatBuffer { get }

    /// The tokens that stand in the cache for a prompt.
    func cachedTokens(of prompt: [TokenID]) -> [TokenID]
    /// Makes what the rows of `prompts` attend to beside the cache.
    func prepare(_ prompts: [PromptPlace]) throws
    /// Runs `tokens`, whose slots are the cache's last ones, and writes the final states of the rows in `wanted`
    /// (ascending), `[wanted, hidden]`.
    func run(_ tokens: [TokenID], wanted: [Int], into states: UnsafeMutablePointer<Float>)
    /// Logits of `count` final states, `[count, vocabulary]`.
    func logits(_ states: UnsafePointer<Float>, count: Int, into out: UnsafeMutablePointer<Float>)
    /// Forgets all slots from `slots` on, and what belongs to them.
    func truncate(to slots: Int)
}

/// New slots, and tokens of prompts, that one pass of scoring may take.
private let passSlots = 1024
/// Rows whose logits are in memory at once there.
private let logitRows = 32

extension TreeSession {
    // MARK: steps

    func step(_ tokens: [TokenID], rows: [Int], nodes: [CacheNode]) -> DecodingStep {
        let states = finalStates.reserve(rows.count * hiddenSize)
        let out = logitsBuffer.reserve(rows.count * vocabularySize)
        run(tokens, wanted: rows, into: states)
        logits(states, count: rows.count, into: out)
        return DecodingStep(
            nodes: nodes, logits: UnsafeBufferPointer(start: out, count: rows.count * vocabularySize),
            vocabularySize: vocabularySize, owner: logitsBuffer)
    }

    /// - Parameter limit: the most slots from the start of a prompt to a node.
    func advance(_ rows: [DecodingRow], limit: Int, vocabulary: Int) throws -> DecodingStep {
        let first = cache.count
        for (index, row) in rows.enumerated() {
            guard cache.contains(row.parent) else {
                throw TrawlError(.invalidInput, "row \(index) names a node that the session has not")
            }
            guard Int(cache.slots[Int(row.parent.index)].position) + 1 < limit else {
                throw TrawlError(.invalidInput, "row \(index) goes beyond the context of \(limit) tokens")
            }
            try check([row.token], "row \(index)", limit: 1, vocabulary: vocabulary)
        }
        for row in rows { cache.append(after: Int(row.parent.index)) }
        return step(
            rows.map(\.token), rows: Array(rows.indices),
            nodes: rows.indices.map { CacheNode(index: Int32(first + $0)) })
    }

    func check(_ tokens: [TokenID], _ what: String, limit: Int, vocabulary: Int) throws {
        guard !tokens.isEmpty else { throw TrawlError(.invalidInput, "\(what) is empty") }
        guard tokens.count <= limit else {
            throw TrawlError(
                .invalidInput, "\(what) has \(tokens.count) tokens, the context \(limit)", remedy: "shorten it")
        }
        if let token = tokens.first(where: { Int($0) >= vocabulary }) {
            throw TrawlError(
                .invalidInput, "\(what) has the token \(token), the vocabulary \(vocabulary)",
                remedy: "tokenise with the model's own tokenizer")
        }
    }

    // MARK: scoring continuations

    func requireSameCount(_ continuations: [[TokenID]], _ prompts: [[TokenID]]) throws {
        guard continuations.count == prompts.count else {
            throw TrawlError(.invalidInput, "\(continuations.count) continuations for \(prompts.count) prompts")
        }
    }

    /// The log-probabilities of continuations that are checked already. Those of like prompts form a trie; each of its
    /// nodes is computed once, and passes are cut where they would take too much memory.
    func forcedLogProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        var result = continuations.map { [Float](repeating: 0, count: $0.count) }
        let order = continuations.indices.filter { !continuations[$0].isEmpty }.sorted { a, b in
            if prompts[a] != prompts[b] { return prompts[a].lexicographicallyPrecedes(prompts[b]) }
            if continuations[a] != continuations[b] {
                return continuations[a].lexicographicallyPrecedes(continuations[b])
            }
            return a < b
        }
        var pass = ScoringPass(firstSlot: cache.count)
        for index in order {
            let needed = prompts[index].count + continuations[index].count
            if !pass.tokens.isEmpty && pass.size + needed > passSlots { try finish(&pass, &result) }
            pass.add(
                index, continuations[index], after: prompts[index], cached: cachedTokens(of: prompts[index]), cache)
        }
        try finish(&pass, &result)
        return result
    }

    private func finish(_ pass: inout ScoringPass, _ result: inout [[Float]]) throws {
        defer {
            truncate(to: pass.firstSlot)
            pass = ScoringPass(firstSlot: pass.firstSlot)
        }
        guard !pass.tokens.isEmpty else { return }
        try prepare(pass.prompts)
        let questions = pass.questions.sorted {
            ($0.row, $0.continuation, $0.position) < ($1.row, $1.continuation, $1.position)
        }
        var rows: [Int] = []
        for question in questions where rows.last != question.row { rows.append(question.row) }
        let states = finalStates.reserve(rows.count * hiddenSize)
        let out = logitsBuffer.reserve(logitRows * vocabularySize)
        run(pass.tokens, wanted: rows, into: states)
        var next = 0
        for start in stride(from: 0, to: rows.count, by: logitRows) {
            let count = min(logitRows, rows.count - start)
            logits(states + start * hiddenSize, count: count, into: out)
            for index in 0..<count {
                let line = out + index * vocabularySize
                let total = Kernels.logSumExp(line, vocabularySize)
                while next < questions.count && questions[next].row == rows[start + index] {
                    let question = questions[next]
                    result[question.continuation][question.position] = Float(Double(line[Int(question.token)]) - total)
                    next += 1
                }
            }
        }
    }
}

/// The rows of one pass of scoring: prompts and the tries of what follows them. Pairs arrive sorted.
private struct ScoringPass {
    /// "How probable is `token` after row `row`?", asked by token `position` of continuation `continuation`.
    struct Question {
        let row: Int
        let token: TokenID
        let continuation: Int
        let position: Int
    }

    let firstSlot: Int
    var tokens: [TokenID] = []
    var questions: [Question] = []
    private(set) var prompts: [PromptPlace] = []
    /// The tokens of the prompts and of what follows them, each once.
    private(set) var size = 0
    private var promptEnd = 0
    /// The tokens of the last continuation and their rows, as far as they have rows.
    private var branch: [(token: TokenID, row: Int)] = []

    init(firstSlot: Int) { self.firstSlot = firstSlot }

    mutating func add(
        _ index: Int, _ continuation: [TokenID], after prompt: [TokenID], cached: [TokenID], _ cache: KeyValueTree
    ) {
        if prompt != prompts.last?.tokens {
            prompts.append(PromptPlace(slot: cache.count, tokens: prompt))
            cache.appendPrompt(count: cached.count)
            tokens += cached
            size += prompt.count
            promptEnd = tokens.count - 1
            branch = []
        }
        var row = promptEnd
        for (position, token) in continuation.enumerated() {
            questions.append(Question(row: row, token: token, continuation: index, position: position))
            if position == continuation.count - 1 { break }
            if position < branch.count && branch[position].token == token {
                row = branch[position].row
            } else {
                branch.removeLast(branch.count - min(position, branch.count))
                cache.append(after: firstSlot + row)
                tokens.append(token)
                size += 1
                row = tokens.count - 1
                branch.append((token, row))
            }
        }
    }
}
