import Foundation
public import TrawlCore

/// An index that may be damaged anywhere, opened to read what is intact. LMDB does not see its file, and no writer may change
/// it meanwhile.
public struct DamagedStore {
    /// The commits that can be found, the newest first. The pages of the last commit but one are still there, since only the
    /// next one may take them.
    public let snapshots: [Snapshot]
    /// Why the last commit may not be the first of `snapshots`; nil when it is.
    public let damage: TrawlError?

    /// - Throws: `TrawlError.notFound` when there is no index, `.busy` while a writer is at work, `.corrupted` when no commit
    ///   can be found.
    public init(at path: String) throws {
        guard Store.exists(at: path) else {
            throw TrawlError(.notFound, "this is not a Trawl index", path: path, topic: .index)
        }
        // Where nobody may write, nobody does.
        let lock = access(path, W_OK) == 0 ? try WriterLock(folder: path) : nil
        let map = try Self.map(path + "/data.mdb")
        var damages: [any Error] = []
        var found: [(commit: MetaPage, snapshot: Snapshot)] = []
        var unfinished: [(commit: MetaPage, error: TrawlError)] = []
        for number in 0...1 {
            do {
                let commit = try MetaPage(map, number: number)
                // The first commit has only one meta page.
                if commit.main.isEmpty { continue }
                do {
                    found.append((commit, try Snapshot(CommittedTables(map, commit), path: path, lock: lock)))
                } catch let error as TrawlError where error.code == .notFound {
                    unfinished.append((commit, error))
                }
            } catch {
                damages.append(error)
            }
        }
        // The commit that made the tables has no manifest yet. A later one that has none lost it.
        for (commit, error) in unfinished where found.contains(where: { $0.commit.transaction < commit.transaction }) {
            damages.append(error)
        }
        // A damaged number of a commit does not make it the last; segments are numbered in order.
        found.sort { first, second in
            let (one, other) = (first.snapshot.manifest.nextSegment, second.snapshot.manifest.nextSegment)
            return one == other ? first.commit.transaction > second.commit.transaction : one > other
        }
        if found.count == 2, damages.isEmpty { do { _ = try MetaPage.newest(map) } catch { damages.append(error) } }
        damage = damages.first as? TrawlError
        snapshots = found.map(\.snapshot)
        guard !snapshots.isEmpty else {
            throw damages.first ?? TrawlError(.notFound, "the index was never finished", path: path, topic: .index)
        }
    }

    private static func map(_ file: String) throws -> PageMap {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrawlError(.io, "the index cannot be read: \(String(cString: strerror(errno)))", path: file)
        }
        defer { close(descriptor) }
        do { return try PageMap(descriptor: descriptor, path: file) } catch {
            // The first meta page states the size of pages; LMDB takes the system's.
            return try PageMap(descriptor: descriptor, path: file, pageSize: Int(sysconf(Int32(_SC_PAGESIZE))))
        }
    }
}

/// A blob some of whose chunks may be damaged or missing.
public struct PartialBlob: Sendable {
    private let reader: SegmentReader
    private let chunkBytes: Int
    /// nil for a chunk that does not match its checksum, or cannot be found.
    private let chunks: [Chunk?]
    /// The size of the blob in bytes if all of it is intact, else nil.
    public let byteCount: Int?
    /// Whether all of it is intact.
    public var isWhole: Bool { byteCount != nil }

    private struct Chunk: @unchecked Sendable {
        // @unchecked: the memory is a read-only map that `reader` keeps open.
        let payload: UnsafeRawBufferPointer
    }

    /// - Complexity: O(bytes of the blob).
    init(_ reader: SegmentReader, _ kind: BlobKind, recordSize: Int) {
        self.reader = reader
        chunkBytes = ChunkLayout.payloadBytes(recordSize: recordSize)
        let descriptor = try? reader.blobDescriptor(kind)
        var chunks: [Chunk?] = []
        // What a descriptor states is not covered by a checksum; no file has more chunks than pages.
        let count = min(UInt64(descriptor?.chunkCount ?? .max), reader.snapshot.blobs.map.pageCount)
        for number in 0..<UInt32(clamping: count) {
            do {
                let payload = try reader.chunk(kind, number)
                let isIntact =
                    ChunkHeader(before: payload).checksum == crc32(payload) && payload.count <= chunkBytes
                    && (payload.count == chunkBytes || number + 1 == descriptor?.chunkCount || descriptor == nil)
                chunks.append(isIntact ? Chunk(payload: payload) : nil)
            } catch {
                // Without a descriptor nothing says where the blob ends.
                if descriptor == nil { break }
                chunks.append(nil)
            }
        }
        self.chunks = chunks
        let bytes = chunks.reduce(0) { $0 + ($1?.payload.count ?? 0) }
        let isWhole = descriptor.map { UInt64(bytes) == $0.byteCount && chunks.allSatisfy { $0 != nil } } ?? false
        byteCount = isWhole ? bytes : nil
    }

    /// A copy of the bytes in `range`; nil unless they are intact.
    public func bytes(in range: Range<Int>) -> [UInt8]? {
        guard range.lowerBound >= 0 else { return nil }
        var bytes: [UInt8] = []
        var offset = range.lowerBound
        while offset < range.upperBound {
            let (number, start) = offset.quotientAndRemainder(dividingBy: chunkBytes)
            guard number < chunks.count, let payload = chunks[number]?.payload else { return nil }
            let end = min(chunkBytes, start + range.upperBound - offset)
            guard end <= payload.count else { return nil }
            bytes += payload[start..<end]
            offset += end - start
        }
        return bytes
    }

    /// The record at `index`; nil unless it is intact.
    public func load<Record: BitwiseCopyable>(_ index: Int, as type: Record.Type = Record.self) -> Record? {
        let size = MemoryLayout<Record>.stride
        return bytes(in: index * size..<(index + 1) * size)?.withUnsafeBytes { $0.loadUnaligned(as: Record.self) }
    }
}

extension SegmentReader {
    /// What can be read of the blob of `kind`, whatever is damaged.
    public func partialBlob(_ kind: BlobKind, recordSize: Int) -> PartialBlob {
        PartialBlob(self, kind, recordSize: recordSize)
    }
}

extension WriteSession {
    /// Copies all that `segment` and its deletion set hold, of another index, as it is. The copy is not part of the index before
    /// `commit` lists it.
    ///
    /// Checksums are copied too, not made again.
    public func copy(_ segment: SegmentReader) throws -> SegmentInfo {
        var deletions: DeletionInfo?
        if let reader = segment.deletionReader, let info = segment.info.deletions {
            deletions = DeletionInfo(
                number: try copyContents(of: reader), documentCount: info.documentCount,
                passageCount: info.passageCount)
        }
        return SegmentInfo(
            number: try copyContents(of: segment), documentCount: segment.info.documentCount,
            passageCount: segment.info.passageCount, deletions: deletions)
    }

    private func copyContents(of reader: SegmentReader) throws -> UInt32 {
        let number = newSegment().number
        let prefix = bigEndian(reader.info.number)
        try reader.snapshot.scan(reader.snapshot.records, prefix: prefix) { key, value in
            try putRecord(number, rest: key.dropFirst(prefix.count), value: value)
            return true
        }
        try reader.snapshot.scan(reader.snapshot.blobs, prefix: prefix) { key, value in
            try putBlobValue(number, rest: key.dropFirst(prefix.count), value: value)
            return true
        }
        return number
    }
}
