internal import Foundation
internal import TrawlCore
internal import TrawlModels
internal import TrawlTensors
internal import TrawlTokenizers

/// Reading a prompt, and writing behind it with few rows and with many.
struct DecoderWorkload: Workload {
    static let sampleCount = 32

    private static let promptTokens = 500
    private static let shortPrompt = 100
    private static let steps = 16
    /// Texts, and the tokens of each, that the loss is measured on.
    private static let lossRows = 16
    private static let lossTokens = 48

    private let session: any DecodingSession
    private let texts: [[TokenID]]
    let tasks: [WorkloadTask]

    init(_ folder: ModelFolder, _ precision: Precision, _ texts: [String], _ pool: ThreadPool) throws {
        let model = try folder.loadDecoder(precision: precision)
        let tokenizer = try folder.loadTokenizer()
        let sizes = model.configuration
        let session = model.makeSession(pool: pool)
        let length = min(Self.promptTokens, sizes.contextLength)
        let stream = tokenizer.encodeIDs(texts.joined(separator: "\n"))
        guard stream.count >= length, length > Self.shortPrompt + Self.steps else {
            throw TrawlError(
                .invalidInput,
                "the texts have \(stream.count) tokens and the context \(sizes.contextLength), "
                    + "\(Self.promptTokens) are needed",
                remedy: "name a longer file, or a model with a longer context")
        }
        self.session = session
        self.texts = texts.prefix(Self.lossRows).map { Array(tokenizer.encodeIDs($0).prefix(Self.lossTokens)) }
        let prompt = Array(stream.prefix(length))
        tasks =
            [
                WorkloadTask(
                    name: "prompt of \(length) tokens", tokens: length,
                    operations: sizes.operations(tokens: length, visible: Double(length + 1) / 2, predicted: 1),
                    prepare: { session.reset() }, run: { _ = try session.prefill([prompt]) })
            ] + [1, 15, 60].map { Self.decoding(rows: $0, behind: prompt, session, sizes) }
    }

    private static func decoding(
        rows: Int, behind prompt: [TokenID], _ session: any DecodingSession, _ sizes: DecoderConfiguration
    ) -> WorkloadTask {
        let start = Array(prompt.prefix(shortPrompt))
        let written = Array(prompt[shortPrompt..<shortPrompt + steps])
        let parent = Parent()
        let visible = Double(shortPrompt) + Double(steps + 1) / 2
        return WorkloadTask(
            name: "decoding, \(rows) row\(rows == 1 ? "" : "s") a step", tokens: rows * steps,
            operations: sizes.operations(tokens: rows * steps, visible: visible, predicted: rows * steps),
            prepare: {
                session.reset()
                parent.node = try session.prefill([start]).nodes.first
            },
            run: {
                var nodes = parent.node.map { [CacheNode](repeating: $0, count: rows) } ?? []
                for token in written {
                    nodes = try session.advance(nodes.map { DecodingRow(parent: $0, token: token) }).nodes
                }
            })
    }

    /// The end of the prompt that the rows of a turn continue.
    private final class Parent {
        var node: CacheNode?
    }

    /// Both write the same texts, a token of each at a step.
    func loss(of other: DecoderWorkload) throws -> [ModelBenchmark.Loss] {
        let other = other.session
        session.reset()
        other.reset()
        var divergence = 0.0
        var surprise = (exact: 0.0, other: 0.0)
        var (agreeing, count) = (0, 0)
        var active = texts.indices.filter { texts[$0].count > 1 }
        var steps = (
            try session.prefill(active.map { [texts[$0][0]] }), try other.prefill(active.map { [texts[$0][0]] })
        )
        for position in 1..<Self.lossTokens where !active.isEmpty {
            for (row, text) in active.enumerated() {
                let (p, q) = (Self.logProbabilities(steps.0.row(row)), Self.logProbabilities(steps.1.row(row)))
                let token = Int(texts[text][position])
                surprise.exact -= p[token]
                surprise.other -= q[token]
                divergence += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
                if p.indices.max(by: { p[$0] < p[$1] }) == q.indices.max(by: { q[$0] < q[$1] }) { agreeing += 1 }
                count += 1
            }
            let going = active.indices.filter { texts[active[$0]].count > position + 1 }
            guard !going.isEmpty else { break }
            func rows(_ step: DecodingStep) -> [DecodingRow] {
                going.map { DecodingRow(parent: step.nodes[$0], token: texts[active[$0]][position]) }
            }
            steps = (try session.advance(rows(steps.0)), try other.advance(rows(steps.1)))
            active = going.map { active[$0] }
        }
        let total = Double(max(count, 1))
        return [
            .init(name: "perplexity in f32", value: exp(surprise.exact / total)),
            .init(name: "perplexity in int8", value: exp(surprise.other / total)),
            .init(name: "Kullback-Leibler divergence, nats a token", value: divergence / total),
            .init(name: "same likeliest token", value: Double(agreeing) / total),
        ]
    }

    private static func logProbabilities(_ logits: UnsafeBufferPointer<Float>) -> [Double] {
        let top = Double(logits.max() ?? 0)
        let total = top + log(logits.reduce(0.0) { $0 + exp(Double($1) - top) })
        return logits.map { Double($0) - total }
    }
}
