import Foundation
import TrawlCore
import TrawlStore

/// How an index stores its query adapter:
///
/// ```
/// header bytes u32 | header (JSON) | down | up | bias | vectors of remembered queries (f32) | CRC-32 of all before u32
/// ```
/// Numbers are little-endian. Sizes are compared with the bytes that there are before anything is made of them.
extension QueryAdapter {
    private struct Header: Codable {
        var dimension: Int
        var rank: Int
        var queries: Int
        var embedder: String
        var memory: Memory?

        struct Memory: Codable {
            var entries: [QueryMemory.Entry]
            var weight: Float
            var threshold: Float
        }
    }

    package func encoded() throws -> [UInt8] {
        let header = Header(
            dimension: dimension, rank: rank, queries: queries, embedder: embedder,
            memory: memory.map { .init(entries: $0.entries, weight: $0.weight, threshold: $0.threshold) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = try encoder.encode(header)
        var bytes: [UInt8] = []
        func append(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        append(UInt32(text.count))
        bytes += text
        for floats in [down, up, bias, memory?.vectors ?? []] {
            bytes.reserveCapacity(bytes.count + 4 * floats.count)
            for value in floats { append(value.bitPattern) }
        }
        append(bytes.withUnsafeBytes { crc32($0) })
        return bytes
    }

    /// - Throws: `TrawlError.corrupted`.
    package init(decoding bytes: [UInt8]) throws {
        func damaged(_ what: String) -> TrawlError {
            TrawlError(
                .corrupted, "the query adapter is damaged: \(what)", remedy: "fit it again", topic: .queryAdapter)
        }
        func integer(at offset: Int) -> UInt32 {
            bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
        }
        guard bytes.count >= 8 else { throw damaged("it has \(bytes.count) bytes") }
        let end = bytes.count - 4
        guard integer(at: end) == bytes.withUnsafeBytes({ crc32(UnsafeRawBufferPointer(rebasing: $0[..<end])) }) else {
            throw damaged("its checksum differs")
        }
        let headerBytes = Int(integer(at: 0))
        guard headerBytes <= end - 4 else { throw damaged("its header is cut short") }
        let header: Header
        do {
            header = try JSONDecoder().decode(Header.self, from: Data(bytes[4..<4 + headerBytes]))
        } catch {
            throw damaged("its header cannot be read")
        }
        let remembered = header.memory?.entries ?? []
        let most = bytes.count / 4
        guard 1...most ~= header.dimension, 0...most ~= header.rank, header.rank * header.dimension <= most,
            remembered.count <= most / header.dimension,
            remembered.allSatisfy({ $0.documents.count == $0.shares.count }),
            (2 * header.rank + 1 + remembered.count) * header.dimension * 4 == end - 4 - headerBytes
        else { throw damaged("its sizes do not fit") }
        var offset = 4 + headerBytes
        func floats(_ rows: Int) throws -> [Float] {
            let values = (0..<rows * header.dimension).map { Float(bitPattern: integer(at: offset + 4 * $0)) }
            offset += 4 * values.count
            guard values.allSatisfy(\.isFinite) else { throw damaged("a number is not finite") }
            return values
        }
        self.init(
            down: try floats(header.rank), up: try floats(header.rank), bias: try floats(1), queries: header.queries,
            embedder: header.embedder)
        memory = try header.memory.map { memory in
            guard (memory.weight * memory.threshold).isFinite else { throw damaged("a number is not finite") }
            return QueryMemory(
                memory.entries, vectors: try floats(memory.entries.count), dimension: header.dimension,
                weight: memory.weight, threshold: memory.threshold)
        }
    }
}
