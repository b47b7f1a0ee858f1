import TrawlCore

/// How embeddings are written to a file.
public enum EmbeddingFormat: String, CaseIterable, Sendable {
    /// One object per line: id and embedding.
    case jsonl
    /// NumPy's format: an array of shape [texts, values].
    case npy
    /// Little-endian float32, row after row, without a header.
    case f32

    /// The bytes of a file with `embeddings`.
    ///
    /// - Parameter ids: one for each embedding; only JSON lines have them.
    public func bytes(of embeddings: QuantisedEmbeddings, ids: [String]) throws -> [UInt8] {
        switch self {
        case .jsonl: try lines(embeddings, ids: ids)
        case .npy:
            NumPyFile.header(embeddings.type, rows: embeddings.count, columns: embeddings.width) + embeddings.bytes
        case .f32: embeddings.bytes
        }
    }

    private func lines(_ embeddings: QuantisedEmbeddings, ids: [String]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for row in 0..<embeddings.count {
            let line =
                switch embeddings.values(row) {
                case .fractions(let values): try [UInt8](json: Line(id: ids[row], embedding: values))
                case .integers(let values): try [UInt8](json: Line(id: ids[row], embedding: values))
                }
            bytes += line + [UInt8(ascii: "\n")]
        }
        return bytes
    }

    private struct Line<Value: Encodable>: Encodable {
        let id: String
        let embedding: [Value]
    }
}
