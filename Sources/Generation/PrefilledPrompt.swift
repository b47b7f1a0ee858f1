import TrawlCore
import TrawlModels

/// A prompt that has been run: where it ends in the session's tree, and what may come next.
struct PrefilledPrompt {
    let node: CacheNode
    let logits: [Float]
    let normaliser: Double
}

extension PrefilledPrompt {
    init(_ step: DecodingStep, row: Int) throws {
        let logits = step.row(row)
        self.init(node: step.nodes[row], logits: Array(logits), normaliser: try LogSoftmax.normaliser(of: logits))
    }
}

extension DecodingSession {
    /// Each of `prompts`, every different one run once.
    func prefillOnce(_ prompts: [[TokenID]]) throws -> [PrefilledPrompt] {
        var order: [[TokenID]] = []
        var places: [[TokenID]: Int] = [:]
        let uses = prompts.map { tokens in
            if let place = places[tokens] { return place }
            places[tokens] = order.count
            order.append(tokens)
            return order.count - 1
        }
        let step = try prefill(order)
        let prefilled = try order.indices.map { try PrefilledPrompt(step, row: $0) }
        return uses.map { prefilled[$0] }
    }

    /// Each of `prompts` with `tokens` read behind it.
    func read(_ tokens: [TokenID], behind prompts: [PrefilledPrompt]) throws -> [PrefilledPrompt] {
        try tokens.reduce(prompts) { prompts, token in
            let step = try advance(prompts.map { DecodingRow(parent: $0.node, token: token) })
            return try prompts.indices.map { try PrefilledPrompt(step, row: $0) }
        }
    }
}
