internal import CTrawlZlib

/// The entries of a zip archive in memory, as documents and Python wheels use it: stored or deflated, below 4 GiB, not
/// encrypted.
///
/// Why not a library: those for archives load many others at every start of the program; zlib does the work here.
package final class ZipArchive {
    package let path: String
    private let bytes: [UInt8]
    private var entries: [String: Entry] = [:]
    /// The names of the entries in the order of the archive, folders included; what a name says has not been checked.
    package private(set) var names: [String] = []

    private struct Entry {
        let method: UInt16
        let checksum: UInt32
        let storedSize: Int
        let size: Int
        let headerOffset: Int
    }

    /// What further entries may unpack to, in bytes, which bounds all of them together.
    private var budget: Int
    /// Entries larger than `checkedBytes` may not be this many times larger than what is stored.
    private static let maximumRatio = 200
    private static let checkedBytes = 16 << 20

    /// - Parameter limit: what all entries that are read may unpack to together, in bytes.
    /// - Throws: `corrupted` for bytes that are not a zip archive; `unsupported` for encrypted documents and old formats.
    package init(_ bytes: [UInt8], path: String, limit: Int) throws {
        self.bytes = bytes
        self.path = path
        budget = limit
        if bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) {
            throw TrawlError(
                .unsupported, "is encrypted, or in the format of Word before 2007", path: path,
                remedy: "save it without a password as .docx")
        }
        guard let end = Self.endOfDirectory(bytes) else {
            throw fault("is not a zip archive, or is truncated")
        }
        var position = number(at: end + 16)
        for _ in 0..<Int(short(at: end + 10)) {
            guard position + 46 <= bytes.count, number(at: position) == 0x0201_4B50 else {
                throw fault("its list of entries is damaged")
            }
            let lengths = (
                name: Int(short(at: position + 28)), extra: Int(short(at: position + 30)),
                comment: Int(short(at: position + 32))
            )
            let nameEnd = position + 46 + lengths.name
            guard nameEnd <= bytes.count else { throw fault("its list of entries is damaged") }
            let name = String(decoding: bytes[position + 46..<nameEnd], as: UTF8.self)
            if short(at: position + 8) & 1 != 0 {
                throw TrawlError(.unsupported, "is encrypted", path: path, remedy: "save it without a password")
            }
            if entries[name] == nil {
                names.append(name)
                entries[name] = Entry(
                    method: short(at: position + 10), checksum: UInt32(number(at: position + 16)),
                    storedSize: number(at: position + 20), size: number(at: position + 24),
                    headerOffset: number(at: position + 42))
            }
            position = nameEnd + lengths.extra + lengths.comment
        }
    }

    /// The unpacked bytes of an entry; nil when there is none of that name.
    ///
    /// - Throws: `corrupted` for damaged entries; `invalidInput` for those that unpack to too much.
    package func contents(of name: String) throws -> [UInt8]? {
        guard let entry = entries[name] else { return nil }
        guard entry.headerOffset + 30 <= bytes.count, number(at: entry.headerOffset) == 0x0403_4B50 else {
            throw fault("its entry \(name) is damaged")
        }
        let start =
            entry.headerOffset + 30 + Int(short(at: entry.headerOffset + 26)) + Int(short(at: entry.headerOffset + 28))
        guard start + entry.storedSize <= bytes.count else { throw fault("its entry \(name) is truncated") }
        guard entry.size <= budget,
            entry.size <= Self.checkedBytes || entry.size / max(1, entry.storedSize) <= Self.maximumRatio
        else {
            throw TrawlError(
                .invalidInput, "its entry \(name) would unpack to \(entry.size >> 20) MiB", path: path,
                remedy: "check that it is the file that it claims to be")
        }
        budget -= entry.size
        let stored = bytes[start..<start + entry.storedSize]
        let unpacked: [UInt8]
        switch entry.method {
        case 0: unpacked = Array(stored)
        case 8: unpacked = try inflate(stored, size: entry.size, name)
        default: throw fault("its entry \(name) is compressed by a method other than deflate")
        }
        let checksum = unpacked.withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
        guard unpacked.count == entry.size, UInt32(truncatingIfNeeded: checksum) == entry.checksum || unpacked.isEmpty
        else { throw fault("its entry \(name) is damaged") }
        return unpacked
    }

    private func inflate(_ stored: ArraySlice<UInt8>, size: Int, _ name: String) throws -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw TrawlError(.full, "zlib cannot start", path: path, remedy: "free some memory")
        }
        defer { inflateEnd(&stream) }
        // The directory's size is checked against the bound, and nothing is written past it.
        var status = Z_OK
        let unpacked = stored.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: max(1, size)) { output, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: size)
                status = CTrawlZlib.inflate(&stream, Z_FINISH)
                count = size - Int(stream.avail_out)
            }
        }
        guard status == Z_STREAM_END else { throw fault("its entry \(name) is damaged") }
        return unpacked
    }

    private func fault(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, path: path, remedy: "download or save the file again")
    }

    /// Where the record that ends the archive begins; a comment of up to 64 KiB may follow it.
    private static func endOfDirectory(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 22 else { return nil }
        let last = bytes.count - 22
        return (max(0, last - 0xFFFF)...last).last { bytes[$0...].starts(with: [0x50, 0x4B, 5, 6]) }
    }

    private func short(at offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }

    private func number(at offset: Int) -> Int { Int(short(at: offset)) | Int(short(at: offset + 2)) << 16 }
}
