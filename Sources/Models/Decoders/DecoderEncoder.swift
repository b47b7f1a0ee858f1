internal import Synchronization
internal import TrawlCore
internal import TrawlTensors

/// A decoder as an encoder: the normed states of a text's tokens, each of which has seen those before it (or all, where the
/// model is bidirectional). What embedding models made of decoders stand on.
final class DecoderEncoder: TokenEncoder {
    private let model: DecoderModel
    private let path: String
    /// A prefix that all inputs continue, with its keys and values in a cache of its own.
    private let prefix: Prefix?

    /// The tokens that run through the layers together, at most, unless one input has more.
    private static let batchTokens = 2048

    private final class Prefix: @unchecked Sendable {
        // @unchecked: `tree` is used under `lock`.
        let tokens: [TokenID]
        private let tree: KeyValueTree
        private let lock = Mutex(())

        init(_ tokens: [TokenID], _ model: DecoderModel) {
            self.tokens = tokens
            tree = KeyValueTree(layers: model.configuration.layerCount, width: model.configuration.keySize)
            tree.appendPrompt(count: tokens.count)
            let unused = FloatBuffer(capacity: 1)
            DecoderForward(model, pool: .shared).run(tokens, in: tree, wanted: [], into: unused.base)
        }

        func use(_ body: (KeyValueTree) -> Void) { lock.withLock { _ in body(tree) } }
    }

    init(_ model: ModelFolder, precision: Precision) throws {
        self.model = try DecoderModel(model, precision: precision)
        path = model.path
        prefix = nil
    }

    private init(_ base: DecoderEncoder, prefix: [TokenID]) {
        model = base.model
        path = base.path
        self.prefix = Prefix(prefix, base.model)
    }

    var vocabularySize: Int { model.configuration.vocabularySize }
    var hiddenSize: Int { model.configuration.hiddenSize }
    var contextLength: Int { model.configuration.contextLength - (prefix?.tokens.count ?? 0) }

    func operations(tokens: Int) -> Double {
        let visible =
            Double(prefix?.tokens.count ?? 0)
            + (model.configuration.isBidirectional ? Double(tokens) : Double(tokens + 1) / 2)
        return model.configuration.operations(tokens: tokens, visible: visible, predicted: 0)
    }

    func continuing(_ prefix: [TokenID]) throws -> (any TokenEncoder)? {
        guard !model.configuration.isBidirectional, self.prefix == nil, !prefix.isEmpty,
            prefix.count < model.configuration.contextLength
        else { return nil }
        try check(prefix, "the prefix")
        return DecoderEncoder(self, prefix: prefix)
    }

    func encode(
        _ inputs: [EncoderInput], pool: ThreadPool,
        consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) throws {
        for (index, input) in inputs.enumerated() {
            try check(input.tokens, "input \(index)")
            guard input.segments.allSatisfy({ $0 == 0 }) else {
                throw TrawlError(
                    .invalidInput, "input \(index) has segments; decoders have none", path: path,
                    remedy: "leave out the segments")
            }
            guard input.visibleTokens == nil || input.visibleTokens == input.tokens.count else {
                throw TrawlError(
                    .unsupported, "input \(index) has tokens that are not seen, which decoders have not", path: path,
                    remedy: "use an encoder")
            }
        }
        let forward = DecoderForward(model, pool: pool)
        guard let prefix else {
            let tree = KeyValueTree(layers: model.configuration.layerCount, width: model.configuration.keySize)
            run(inputs, forward, tree, behind: nil, consume)
            return
        }
        prefix.use { run(inputs, forward, $0, behind: prefix.tokens.count - 1, consume) }
    }

    /// - Parameter last: the slot that inputs continue.
    private func run(
        _ inputs: [EncoderInput], _ forward: DecoderForward, _ tree: KeyValueTree, behind last: Int?,
        _ consume: (_ input: Int, _ states: UnsafeBufferPointer<Float>) -> Void
    ) {
        let hidden = hiddenSize
        let kept = tree.count
        let states = FloatBuffer()
        var start = 0
        while start < inputs.count {
            var end = start
            var total = 0
            while end < inputs.count, end == start || total + inputs[end].tokens.count <= Self.batchTokens {
                total += inputs[end].tokens.count
                end += 1
            }
            let batch = inputs[start..<end]
            for input in batch { append(input.tokens.count, to: tree, behind: last) }
            let out = states.reserve(total * hidden)
            forward.run(batch.flatMap(\.tokens), in: tree, wanted: Array(0..<total), into: out)
            forward.normalise(out, count: total, into: out)
            var row = 0
            for (index, input) in batch.enumerated() {
                let count = input.tokens.count
                consume(start + index, UnsafeBufferPointer(start: out + row * hidden, count: count * hidden))
                row += count
            }
            tree.truncate(to: kept)
            start = end
        }
    }

    private func append(_ count: Int, to tree: KeyValueTree, behind last: Int?) {
        guard let last else { return tree.appendPrompt(count: count) }
        for index in 0..<count { tree.append(after: index == 0 ? last : tree.count - 1) }
    }

    private func check(_ tokens: [TokenID], _ what: String) throws {
        guard !tokens.isEmpty else {
            throw TrawlError(.invalidInput, "\(what) has no tokens", remedy: "tokenise with the model's own tokenizer")
        }
        guard tokens.count <= contextLength else {
            throw TrawlError(
                .invalidInput, "\(what) has \(tokens.count) tokens; the model takes \(contextLength)",
                remedy: "shorten it")
        }
        if let token = tokens.first(where: { Int($0) >= vocabularySize }) {
            throw TrawlError(
                .invalidInput, "\(what) has the token \(token); the vocabulary has \(vocabularySize)",
                remedy: "tokenise with the model's own tokenizer")
        }
    }
}
