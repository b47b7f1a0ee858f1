internal import Foundation
internal import TrawlCore
internal import TrawlTensors

/// A BERT encoder that ONNX Runtime optimised for inference: the matrices of queries, keys and values of a layer are one, other
/// matrices are transposed and have lost their names.
///
/// ```
/// Attention(x, [hidden, 3 hidden], [3 hidden])    MatMul(x, [inputs, outputs])    SkipLayerNormalization(y, x, ..., bias)
/// ```
package struct ONNXEncoder {
    /// Rises when a conversion writes something else than before.
    package static let conversionVersion = 1

    /// A tensor under transformers' name, and where its values come from.
    fileprivate struct Entry {
        let name: String
        let tensor: Tensor
        /// The columns of the tensor that become the rows of a matrix; nil to take it as it is.
        var columns: Range<Int>?

        var shape: [Int] {
            guard let columns else { return tensor.shape }
            return tensor.shape.count == 1 ? [columns.count] : [columns.count, tensor.shape[0]]
        }
    }

    private let entries: [Entry]
    private let path: String

    /// - Throws: As `ONNXGraph`; `TrawlError.unsupported` for another model than such an encoder.
    package init(path: String) throws {
        let graph = try ONNXGraph(path: path)
        self.path = path
        let names = BertNames()
        var entries = graph.weights.values.filter { $0.name.hasPrefix("embeddings.") || $0.name.hasPrefix("encoder.") }
            .sorted { $0.name < $1.name }.map { Entry(name: $0.name, tensor: $0) }
        func unsupported(_ what: String) -> TrawlError {
            TrawlError(
                .unsupported, "\(what), which a BERT encoder that ONNX Runtime optimised does not have", path: path,
                remedy: "use a model in the layout of transformers")
        }
        var layers = 0
        for node in graph.nodes where node.type == "Attention" {
            guard node.inputs.count >= 3, let weight = graph.weights[node.inputs[1]],
                let bias = graph.weights[node.inputs[2]], weight.shape.count == 2,
                weight.shape[1] % 3 == 0, weight.shape[1] / 3 == weight.shape[0], bias.shape == [weight.shape[1]]
            else { throw unsupported("the attention of layer \(layers) has no weights of its own") }
            let (size, attention) = (weight.shape[0], names.layer(layers).attention)
            for (part, name) in [attention.query, attention.key, attention.value].enumerated() {
                let columns = part * size..<(part + 1) * size
                entries.append(Entry(name: name + ".weight", tensor: weight, columns: columns))
                entries.append(Entry(name: name + ".bias", tensor: bias, columns: columns))
            }
            layers += 1
        }
        // A matrix has the name of the bias that is added to its product, by the first node that reads it.
        var readers: [String: ONNXGraph.Node] = [:]
        for node in graph.nodes.reversed() {
            for input in node.inputs { readers[input] = node }
        }
        for node in graph.nodes where node.type == "MatMul" {
            guard node.inputs.count == 2, let weight = graph.weights[node.inputs[1]], weight.shape.count == 2,
                let output = node.outputs.first
            else { throw unsupported("a product of two results") }
            let bias = readers[output]?.inputs.first {
                $0.hasSuffix("dense.bias") && graph.weights[$0]?.shape == [weight.shape[1]]
            }
            guard let bias else { throw unsupported("the matrix '\(weight.name)' without a bias") }
            entries.append(
                Entry(name: String(bias.dropLast(5)) + ".weight", tensor: weight, columns: 0..<weight.shape[1]))
        }
        guard layers > 0, Set(entries.map(\.name)).count == entries.count else {
            throw unsupported(layers == 0 ? "a graph without attention" : "two matrices of one name")
        }
        self.entries = entries
    }

    /// Writes the weights, and what sentence-transformers keeps beside them, into a folder that has config.json and the tokenizer.
    /// Embeddings are the states of first tokens, at length 1.
    ///
    /// - Throws: `TrawlError.corrupted` for weights that are not finite, or a configuration that does not fit; `.io` or `.full`
    ///   where a file cannot be written.
    package func write(to folder: String) throws {
        var writer = SafetensorsWriter()
        writer.metadata = ["format": "pt"]
        for entry in entries {
            writer.add(entry.name, shape: entry.shape, as: entry.tensor.type == .f32 ? .f32 : .f16) { range in
                entry.floats(range)
            }
        }
        do { try writer.write(to: folder + "/model.safetensors") } catch let error as TrawlError
            where error.code == .incompatible
        {
            throw TrawlError(.corrupted, error.message, path: path, remedy: "download it again")
        }
        let model = try ModelFolder(path: folder)
        let sizes = try EncoderConfiguration(bert: model)
        _ = try model.loadEncoder()
        // What the model calls a query is known by its name: see `InstructionTemplate`.
        try SentenceTransformersFiles.write(
            SentenceTransformersFiles(
                poolsFirst: true, hiddenSize: sizes.hiddenSize, maximumTokens: sizes.contextLength, prompts: [:]
            ).contents, to: folder)
    }
}

extension ONNXEncoder.Entry {
    /// The values of a range, row-major.
    fileprivate func floats(_ range: Range<Int>) -> [Float] {
        guard let columns else { return tensor.floats(range) }
        guard tensor.shape.count == 2 else {
            return tensor.floats(columns.lowerBound + range.lowerBound..<columns.lowerBound + range.upperBound)
        }
        let (rows, width) = (tensor.shape[0], tensor.shape[1])
        let all = tensor.floats(0..<rows * width)
        return range.map { all[$0 % rows * width + columns.lowerBound + $0 / rows] }
    }
}
