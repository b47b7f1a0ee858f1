internal import Core
internal import Tensors

/// `DecodingSession` of a `DecoderModel`.
final class DecoderSession: DecodingSession {
    private let configuration: DecoderConfiguration
    private let forward: DecoderForward
    private let cache: KeyValueTree
    private let final = FloatBuffer()
    private let logitsBuffer = FloatBuffer()

    /// New slots that one pass of `logProbabilities` may take.
    private static let passSlots = 1024
    /// Rows whose logits are in memory at once there.
    private static let logitRows = 32

    init(_ model: DecoderModel, pool: ThreadPool) {
        configuration = model.configuration
        forward = DecoderForward(model, pool: pool)
        cache = KeyValueTree(layers: model.configuration.layerCount, width: model.configuration.keySize)
    }

    var vocabularySize: Int { configuration.vocabularySize }
    var contextLength: Int { configuration.contextLength }

    func reset() { cache.truncate(to: 0) }

    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep {
        for (index, prompt) in prompts.enumerated() { try check(prompt, "prompt \(index)", limit: contextLength) }
        let first = cache.count
        var ends: [Int] = []
        for prompt in prompts {
            cache.appendPrompt(count: prompt.count)
            ends.append(cache.count - first - 1)
        }
        let tokens = prompts.flatMap { $0 }
        return step(tokens, rows: ends, nodes: ends.map { CacheNode(index: Int32(first + $0)) })
    }

    func advance(_ rows: [DecodingRow]) throws -> DecodingStep {
        let first = cache.count
        for (index, row) in rows.enumerated() {
            guard cache.contains(row.parent) else {
                throw TrawlError(.invalidInput, "row \(index) names a node that the session has not")
            }
            guard Int(cache.slots[Int(row.parent.index)].position) + 1 < contextLength else {
                throw TrawlError(.invalidInput, "row \(index) goes beyond the context of \(contextLength) tokens")
            }
            try check([row.token], "row \(index)", limit: 1)
        }
        for row in rows { cache.append(after: Int(row.parent.index)) }
        return step(
            rows.map(\.token), rows: Array(rows.indices),
            nodes: rows.indices.map { CacheNode(index: Int32(first + $0)) })
    }

    private func step(_ tokens: [TokenID], rows: [Int], nodes: [CacheNode]) -> DecodingStep {
        let states = final.reserve(rows.count * configuration.hiddenSize)
        let logits = logitsBuffer.reserve(rows.count * vocabularySize)
        forward.run(tokens, in: cache, wanted: rows, into: states)
        forward.logits(states, count: rows.count, into: logits)
        return DecodingStep(
            nodes: nodes, logits: UnsafeBufferPointer(start: logits, count: rows.count * vocabularySize),
            vocabularySize: vocabularySize, owner: logitsBuffer)
    }

    private func check(_ tokens: [TokenID], _ what: String, limit: Int) throws {
        guard !tokens.isEmpty else { throw TrawlError(.invalidInput, "\(what) is empty") }
        guard tokens.count <= limit else {
            throw TrawlError(
                .invalidInput, "\(what) has \(tokens.count) tokens, the context \(limit)", remedy: "shorten it")
        }
        if let token = tokens.first(where: { Int($0) >= vocabularySize }) {
            throw TrawlError(
                .invalidInput, "\(what) has the token \(token), the vocabulary \(vocabularySize)",
                remedy: "tokenise with the model's own tokenizer")
        }
    }

    // MARK: scoring continuations

    /// The continuations of like prompts form a trie; each of its nodes is computed once, and passes are cut where they
    /// would take too much memory.
    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        guard continuations.count == prompts.count else {
            throw TrawlError(.invalidInput, "\(continuations.count) continuations for \(prompts.count) prompts")
        }
        for index in continuations.indices where !continuations[index].isEmpty {
            try check(prompts[index], "prompt \(index)", limit: contextLength - continuations[index].count + 1)
            try check(continuations[index], "continuation \(index)", limit: contextLength)
        }
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
            if !pass.tokens.isEmpty && pass.tokens.count + needed > Self.passSlots {
                finish(&pass, &result)
            }
            pass.add(index, continuations[index], after: prompts[index], cache)
        }
        finish(&pass, &result)
        return result
    }

    private func finish(_ pass: inout ScoringPass, _ result: inout [[Float]]) {
        defer {
            cache.truncate(to: pass.firstSlot)
            pass = ScoringPass(firstSlot: pass.firstSlot)
        }
        guard !pass.tokens.isEmpty else { return }
        let hidden = configuration.hiddenSize
        let questions = pass.questions.sorted {
            ($0.row, $0.continuation, $0.position) < ($1.row, $1.continuation, $1.position)
        }
        var rows: [Int] = []
        for question in questions where rows.last != question.row { rows.append(question.row) }
        let states = final.reserve(rows.count * hidden)
        let logits = logitsBuffer.reserve(Self.logitRows * vocabularySize)
        forward.run(pass.tokens, in: cache, wanted: rows, into: states)
        var next = 0
        for start in stride(from: 0, to: rows.count, by: Self.logitRows) {
            let count = min(Self.logitRows, rows.count - start)
            forward.logits(states + start * hidden, count: count, into: logits)
            for index in 0..<count {
                let line = logits + index * vocabularySize
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

/// The rows of one pass of `logProbabilities`: prompts and the tries of what follows them. Pairs arrive sorted.
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
    private var prompt: [TokenID] = []
    private var promptEnd = 0
    /// The tokens of the last continuation and their rows, as far as they have rows.
    private var branch: [(token: TokenID, row: Int)] = []

    init(firstSlot: Int) { self.firstSlot = firstSlot }

    mutating func add(_ index: Int, _ continuation: [TokenID], after prompt: [TokenID], _ cache: KeyValueTree) {
        if tokens.isEmpty || prompt != self.prompt {
            self.prompt = prompt
            cache.appendPrompt(count: prompt.count)
            tokens += prompt
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
                row = tokens.count - 1
                branch.append((token, row))
            }
        }
    }
}
