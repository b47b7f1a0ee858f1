internal import TrawlCore

/// NumPy's format (`.npy`), version 1.0, for arrays of two axes.
public enum NumPyFile {
    /// The header, padded so that the data start at a multiple of 64 bytes.
    static func header(_ type: EmbeddingType, rows: Int, columns: Int) -> [UInt8] {
        let description =
            "{'descr': '\(descriptor(type))', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let padding = 63 - (10 + description.utf8.count) % 64
        let text = Array((description + String(repeating: " ", count: padding) + "\n").utf8)
        return magic + [1, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text
    }

    private static let magic = [0x93] + Array("NUMPY".utf8)

    private static func descriptor(_ type: EmbeddingType) -> String {
        switch type {
        case .float32: "<f4"
        case .float16: "<f2"
        case .int8, .binary: "|i1"
        case .uint8, .ubinary: "|u1"
        }
    }

    /// The least and the greatest values, which a float32 array of shape [2, dimension] holds.
    ///
    /// - Throws: `TrawlError` that names the file.
    public static func ranges(path: String) throws -> EmbeddingRanges {
        func invalid(_ message: String) -> TrawlError {
            TrawlError(
                .invalidInput, message, path: path, remedy: "take a file that was written of ranges",
                topic: .embeddingRanges)
        }
        let bytes = try ByteSource.input(path).readAll(limit: 256 << 20)
        guard bytes.starts(with: magic + [1, 0]), bytes.count >= 10 else { throw invalid("this is not a .npy file") }
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        let values = max(0, bytes.count - start) / 4
        guard values > 0, values % 2 == 0,
            Array(bytes[..<start]) == header(.float32, rows: 2, columns: values / 2), start + 4 * values == bytes.count
        else { throw invalid("this is not a float32 array of shape (2, dimension)") }
        let floats = (0..<values).map { place in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + 4 * place + $1]) << UInt32(8 * $1) })
        }
        do {
            return try EmbeddingRanges(
                least: Array(floats[..<(values / 2)]), greatest: Array(floats[(values / 2)...]))
        } catch let error as TrawlError { throw error.at(path: path) }
    }

    /// The file that `ranges(path:)` reads.
    public static func bytes(_ ranges: EmbeddingRanges) throws -> [UInt8] {
        let matrix = EmbeddingMatrix(
            count: 2, dimension: ranges.least.count, values: ranges.least + ranges.greatest)
        return header(.float32, rows: 2, columns: matrix.dimension)
            + (try QuantisedEmbeddings(matrix, as: .float32)).bytes
    }
}
