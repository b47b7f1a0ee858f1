public import ArgumentParser
import Foundation
import TrawlCore
public import TrawlEmbeddings

/// How embeddings are written.
enum EmbeddingFormat: String, ExpressibleByArgument, CaseIterable {
    /// One object a line: id and embedding.
    case jsonl
    /// NumPy's format: an array of shape [texts, values].
    case npy
    /// Little-endian float32, row after row, without a header.
    case f32
}

extension EmbeddingType: ExpressibleByArgument {}

struct EmbeddingWriter {
    let format: EmbeddingFormat
    /// nil is standard output.
    let path: String?

    func write(_ embeddings: QuantisedEmbeddings, ids: [String]) throws {
        let bytes: [UInt8]
        switch format {
        case .jsonl: bytes = try lines(embeddings, ids: ids)
        case .npy:
            bytes =
                NumPyFile.header(embeddings.type, rows: embeddings.count, columns: embeddings.width) + embeddings.bytes
        case .f32: bytes = embeddings.bytes
        }
        guard let path else { return Output.write(bytes) }
        try Self.write(bytes, to: path)
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            // Written beside and renamed, so that a failure leaves an older file as it was.
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TrawlError(.io, "the embeddings cannot be written", path: path, cause: error)
        }
    }

    private func lines(_ embeddings: QuantisedEmbeddings, ids: [String]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8] = []
        for row in 0..<embeddings.count {
            let line =
                switch embeddings.values(row) {
                case .fractions(let values): try encoder.encode(Line(id: ids[row], embedding: values))
                case .integers(let values): try encoder.encode(Line(id: ids[row], embedding: values))
                }
            bytes += Array(line) + [UInt8(ascii: "\n")]
        }
        return bytes
    }

    private struct Line<Value: Encodable>: Encodable {
        let id: String
        let embedding: [Value]
    }
}
