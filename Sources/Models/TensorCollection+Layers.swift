internal import TrawlCore
internal import TrawlTensors

extension TensorCollection {
    /// The layers that tensors have by their names, such as 6 for `encoder.layer.5.output.dense.weight`.
    private var layerCount: Int {
        let numbers = tensors.lazy.flatMap { tensor in
            tensor.name.utf8.split(separator: UInt8(ascii: ".")).compactMap { part in
                part.count < 9 ? Int(Substring(part)) : nil
            }
        }
        return numbers.max().map { $0 + 1 } ?? 0
    }

    /// - Parameter name: how the file calls the number of layers.
    /// - Throws: `TrawlError.corrupted` for more layers than there are tensors of.
    /// - Complexity: O(tensors).
    func requireLayers(_ count: Int, _ name: String, path: String) throws {
        let found = layerCount
        guard count <= found else {
            throw TrawlError(
                .corrupted, "\(name) is \(count), the file has tensors of \(found) layers", path: path,
                remedy: "use the configuration file that belongs to these weights")
        }
    }
}
