internal import Foundation
internal import TrawlCore

extension NumPyFile {
    /// The rows of an array of shape (count, dimension) as embeddings.
    ///
    /// - Parameter path: A file, plain or compressed, a pipe, or `-`. The array holds little-endian float16, float32 or
    ///   float64, row after row; float64 is rounded to float32.
    /// - Throws: `TrawlError` that names the file, for another type or shape, a wrong length, or a value that is not finite.
    public static func matrix(path: String) throws -> EmbeddingMatrix {
        let source = try ByteSource.input(path)
        func invalid(_ message: String) -> TrawlError {
            TrawlError(
                .invalidInput, message, path: source.name,
                remedy: "write it as numpy.save does of a float32 array of shape (count, dimension)")
        }
        let bytes = try source.readAll(limit: 64 << 30)
        guard bytes.count > 12, bytes[0] == 0x93, bytes[1..<6].elementsEqual("NUMPY".utf8), (1...3).contains(bytes[6])
        else { throw invalid("this is not a .npy file") }
        let lengthBytes = bytes[6] == 1 ? 2 : 4
        let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        let start = 8 + lengthBytes + length
        guard start <= bytes.count else { throw invalid("the header is cut off") }
        let header = String(decoding: bytes[(8 + lengthBytes)..<start], as: UTF8.self)
        guard let type = value("descr", in: header)?.split(separator: "'").first,
            let shape = header.split(separator: "(").dropFirst().first?.split(separator: ")").first
        else { throw invalid("the header names no type and shape") }
        guard value("fortran_order", in: header)?.hasPrefix("False") == true else {
            throw invalid("the array is stored column after column")
        }
        let sizes = shape.split(separator: ",").compactMap { Int($0.filter { $0 != " " }) }
        guard sizes.count == 2, sizes[0] >= 0, sizes[1] > 0 else { throw invalid("the array has the shape (\(shape))") }
        let widths: [Substring: Int] = ["<f2": 2, "<f4": 4, "<f8": 8]
        guard let width = widths[type] else { throw invalid("the array holds numbers of type \(type)") }
        let (count, isTooLarge) = sizes[0].multipliedReportingOverflow(by: sizes[1])
        let (needed, overflows) = count.multipliedReportingOverflow(by: width)
        guard !isTooLarge, !overflows, bytes.count - start == needed else {
            throw invalid("the shape (\(shape)) does not fit the \(bytes.count - start) bytes of data")
        }
        let values = bytes.withUnsafeBytes { raw in
            (0..<count).map { index -> Float in
                let offset = start + index * width
                return switch width {
                case 2: Float(Float16(bitPattern: raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
                case 4: raw.loadUnaligned(fromByteOffset: offset, as: Float.self)
                default: Float(raw.loadUnaligned(fromByteOffset: offset, as: Double.self))
                }
            }
        }
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw invalid("row \(index / sizes[1]) holds \(values[index])")
        }
        return EmbeddingMatrix(count: sizes[0], dimension: sizes[1], values: values)
    }

    /// The text after the name of a member of the header.
    private static func value(_ name: String, in header: String) -> Substring? {
        guard let range = header.range(of: "'\(name)':") else { return nil }
        return header[range.upperBound...].drop { $0 == " " }
    }
}
