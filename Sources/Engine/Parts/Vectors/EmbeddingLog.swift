import Foundation
import Glibc
import TrawlCore
import TrawlStore

/// The embeddings of a build that has not committed yet, in a file, so that a run which is interrupted embeds nothing twice.
/// For one writer at a time.
///
/// ```
/// header:  text that names model, prompt and dimension, ended by a newline
/// records: text bytes u32 | CRC-32 of the rest u32 | text | dimension x f32
/// ```
/// A record that is damaged, such as one that a crash cut short, is dropped with all after it.
package final class EmbeddingLog {
    /// How many embeddings an interrupted run left.
    package private(set) var count = 0

    private let path: String
    private let dimension: Int
    private let file: Int32
    private var end: Int
    /// The offsets of records by a hash of their texts.
    private var offsets: [Int: [Int]] = [:]

    private static let recordHeader = 8

    /// Opens the log in `folder`, or starts one.
    ///
    /// - Parameter identity: what embeddings depend on beside the text; a log of another identity is dropped.
    package init(folder: String, identity: String, dimension: Int) throws {
        path = folder + "/embeddings"
        self.dimension = dimension
        try OutputFolder.make(folder)
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Self.failure("cannot be opened", path) }
        let header = Array("trawl embeddings 1 \(dimension) \(identity)\n".utf8)
        end = header.count
        var stored = [UInt8](repeating: 0, count: header.count)
        if pread(file, &stored, stored.count, 0) == stored.count, stored == header {
            try readRecords()
        } else {
            // Cut first: records of another model must not come to stand under this header.
            guard ftruncate(file, 0) == 0 else { throw Self.failure("cannot be cut", path) }
            try write(header, at: 0)
        }
        // What follows the last whole record is of no use.
        guard ftruncate(file, off_t(end)) == 0 else { throw Self.failure("cannot be cut", path) }
    }

    deinit { close(file) }

    /// The embedding of `text` that the interrupted run left, if there is one.
    package func vector(of text: String) throws -> [Float]? {
        for offset in offsets[text.hashValue] ?? [] {
            if let record = try record(at: offset), record.text == Array(text.utf8) { return record.vector }
        }
        return nil
    }

    /// Keeps the embedding of each text.
    ///
    /// - Parameter vectors: row-major, `[texts, dimension]`.
    package func append(_ texts: [String], _ vectors: [Float]) throws {
        var bytes: [UInt8] = []
        for (row, text) in texts.enumerated() {
            var payload = Array(text.utf8)
            let count = UInt32(payload.count)
            vectors[row * dimension..<(row + 1) * dimension].withUnsafeBytes { payload.append(contentsOf: $0) }
            let checksum = payload.withUnsafeBytes { crc32($0) }
            for field in [count, checksum] { withUnsafeBytes(of: field.littleEndian) { bytes.append(contentsOf: $0) } }
            bytes += payload
        }
        try write(bytes, at: end)
        end += bytes.count
    }

    private func readRecords() throws {
        while let record = try record(at: end) {
            offsets[String(decoding: record.text, as: UTF8.self).hashValue, default: []].append(end)
            end += Self.recordHeader + record.text.count + dimension * MemoryLayout<Float>.size
            count += 1
        }
    }

    /// nil at the end, and for a record that was not written whole.
    private func record(at offset: Int) throws -> (text: [UInt8], vector: [Float])? {
        var header: [UInt32] = [0, 0]
        guard pread(file, &header, Self.recordHeader, off_t(offset)) == Self.recordHeader else { return nil }
        let textBytes = Int(UInt32(littleEndian: header[0]))
        let size = textBytes + dimension * MemoryLayout<Float>.size
        // A damaged size must not ask for more memory than the file has bytes.
        var status = stat()
        guard fstat(file, &status) == 0, offset + Self.recordHeader + size <= Int(status.st_size) else { return nil }
        var payload = [UInt8](repeating: 0, count: size)
        guard pread(file, &payload, size, off_t(offset + Self.recordHeader)) == size,
            payload.withUnsafeBytes({ crc32($0) }) == UInt32(littleEndian: header[1])
        else { return nil }
        let vector = payload.withUnsafeBytes { bytes in
            (0..<dimension).map { bytes.loadUnaligned(fromByteOffset: textBytes + $0 * 4, as: Float.self) }
        }
        return (Array(payload.prefix(textBytes)), vector)
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(file, $0.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("cannot be written", path) }
            written += count
        }
    }

    private static func failure(_ message: String, _ path: String) -> TrawlError {
        TrawlError(.io, "\(message): \(String(cString: strerror(errno)))", path: path)
    }
}
