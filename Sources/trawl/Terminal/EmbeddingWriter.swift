import ArgumentParser
import Core
import Embeddings
import Foundation

/// How embeddings are written.
enum EmbeddingFormat: String, ExpressibleByArgument, CaseIterable {
    /// One object a line: id and embedding.
    case jsonl
    /// NumPy's format, version 1.0: a float32 array of shape [texts, dimension].
    case npy
    /// Little-endian float32, row after row, without a header.
    case f32
}

struct EmbeddingWriter {
    let format: EmbeddingFormat
    /// nil is standard output.
    let path: String?

    func write(_ matrix: EmbeddingMatrix, ids: [String]) throws {
        var bytes: [UInt8] = []
        switch format {
        case .jsonl:
            for row in 0..<matrix.count {
                let line = Line(id: ids[row], embedding: Array(matrix[row]))
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                bytes += Array(try encoder.encode(line)) + [UInt8(ascii: "\n")]
            }
        case .npy:
            bytes = Self.header(rows: matrix.count, columns: matrix.dimension)
            matrix.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        case .f32:
            matrix.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        guard let path else { return Output.write(bytes) }
        do {
            // Written beside and renamed, so that a failure leaves an older file as it was.
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TrawlError(.io, "the embeddings cannot be written", path: path, cause: error)
        }
    }

    private struct Line: Encodable {
        let id: String
        let embedding: [Float]
    }

    /// The header of NumPy's format 1.0, padded so that the data start at a multiple of 64 bytes.
    static func header(rows: Int, columns: Int) -> [UInt8] {
        let description = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let padding = 63 - (10 + description.utf8.count) % 64
        let text = Array((description + String(repeating: " ", count: padding) + "\n").utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text
    }
}
