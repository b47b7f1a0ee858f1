import Foundation
import TrawlCore
import TrawlSenses
import TrawlStore

/// How an index stores its senses:
///
/// ```
/// header bytes u32 | header (JSON) | sense vectors | shares (f32) | CRC-32 of all before u32
/// ```
/// Numbers are little-endian. Sizes are compared with the bytes that there are before anything is made of them.
extension IndexSenses {
    private struct Header: Codable {
        var words: [SenseText.Word]
        var dimensions: Int
        var window: Int
        var rows: Int
        var documents: Int
        var digest: String
    }

    package func encoded() throws -> [UInt8] {
        let tables = model.tables
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = try encoder.encode(
            Header(
                words: model.words, dimensions: model.dimensions, window: model.window, rows: tables.rows,
                documents: documents, digest: digest))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + text.count + 4 * tables.all.reduce(0) { $0 + $1.count })
        func append(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        append(UInt32(text.count))
        bytes += text
        for table in tables.all { for value in table { append(value.bitPattern) } }
        append(bytes.withUnsafeBytes { crc32($0) })
        return bytes
    }

    /// - Throws: `TrawlError.corrupted`.
    package init(decoding bytes: [UInt8]) throws {
        func damaged(_ what: String) -> TrawlError {
            TrawlError(.corrupted, "the senses are damaged: \(what)", remedy: "learn them again", topic: .senses)
        }
        guard bytes.count >= 8 else { throw damaged("they have \(bytes.count) bytes") }
        let end = bytes.count - 4
        let (stored, actual, headerBytes) = bytes.withUnsafeBytes { bytes in
            (
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self)),
                crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end])),
                Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)))
            )
        }
        guard stored == actual else { throw damaged("their checksum differs") }
        guard headerBytes <= end - 4 else { throw damaged("their header is cut short") }
        let header: Header
        do {
            header = try JSONDecoder().decode(Header.self, from: Data(bytes[4..<4 + headerBytes]))
        } catch {
            throw damaged("their header cannot be read")
        }
        let most = bytes.count / 4
        guard 1...most ~= header.dimensions, 1...most ~= header.rows, 1...most ~= header.words.count,
            1...most ~= header.window, header.rows <= most / header.dimensions,
            let sizes = SenseModel.Tables.sizes(
                words: header.words.count, rows: header.rows, dimensions: header.dimensions, most: most),
            sizes.reduce(0, +) * 4 == end - 4 - headerBytes
        else { throw damaged("their sizes do not fit") }
        var offset = 4 + headerBytes
        let tables = try bytes.withUnsafeBytes { bytes in
            try sizes.map { size in
                let values = (0..<size).map { index in
                    Float(
                        bitPattern: UInt32(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4 * index, as: UInt32.self)))
                }
                offset += 4 * size
                guard values.allSatisfy(\.isFinite) else { throw damaged("a number is not finite") }
                return values
            }
        }
        guard
            let model = SenseModel(
                words: header.words, dimensions: header.dimensions, window: header.window,
                SenseModel.Tables(rows: header.rows, all: tables))
        else { throw damaged("a word has no sense") }
        self.init(model, documents: header.documents, digest: header.digest)
    }
}
