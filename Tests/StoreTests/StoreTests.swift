import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlStore

struct Pair: BitwiseCopyable, Equatable {
    var first: UInt32
    var second: UInt32
}

let pairs = Table<Pair>(number: 900, name: "pairs")
let noise = BlobKind(number: 900, "noise")

/// Bytes that depend on their position only.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
}

@Suite struct StoreTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    var path: String { folder.path("a.trawl") }

    /// Commits one more segment whose noise blob holds `bytes`.
    @discardableResult
    func addSegment(_ bytes: [UInt8], recordSize: Int = 1, passages: UInt32 = 1) throws -> UInt32 {
        let session = try Store.create(at: path).write()
        let segment = session.newSegment()
        let blob = segment.blob(noise, recordSize: recordSize)
        try blob.append(contentsOf: bytes)
        try blob.finish()
        try segment.put(pairs, Array("b".utf8), Pair(first: 1, second: 2))
        try segment.put(pairs, Array("a".utf8), Pair(first: 3, second: 4))
        let info = SegmentInfo(number: segment.number, documentCount: passages, passageCount: passages)
        try session.commit(segments: session.manifest.segments + [info])
        return segment.number
    }

    @Test(arguments: [0, 1, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
    func aBlobReadsBackInPlaceAtEverySize(count: Int) throws {
        let bytes = pattern(count)
        try addSegment(bytes)
        let segment = try #require(try Store.open(at: path).snapshot().segments.first)
        let blob = try segment.blob(noise, recordSize: 1)
        #expect(blob.byteCount == count)
        #expect(try blob.bytes(in: 0..<count) == bytes)
        #expect(blob.chunks.allSatisfy { Int(bitPattern: $0) % 64 == 0 })
        try segment.verifyChecksums(noise)
        #expect(try segment.blobSizes().map(\.bytes) == [count])
        #expect(throws: TrawlError.self) { try blob.bytes(in: 0..<count + 1) }
    }

    @Test func recordsNeverStraddleChunks() throws {
        let count = 3 * 1536 * 700
        try addSegment(pattern(count), recordSize: 1536)
        let blob = try #require(try Store.open(at: path).snapshot().segments.first).blob(noise, recordSize: 1536)
        #expect(blob.chunkBytes % 1536 == 0)
        #expect(blob.recordCount == 2100)
        #expect(blob.address(of: 1536 * 2099).load(as: UInt8.self) == pattern(count)[1536 * 2099])
        #expect(throws: TrawlError.self) {
            _ = try Store.open(at: self.path).snapshot().segments[0].blob(noise, recordSize: 4)
        }
    }

    @Test func recordsComeBackInTheOrderOfTheirKeys() throws {
        try addSegment([])
        try addSegment([])
        for segment in try Store.open(at: path).snapshot().segments {
            #expect(try segment.record(pairs, Array("b".utf8)) == Pair(first: 1, second: 2))
            #expect(try segment.record(pairs, Array("c".utf8)) == nil)
            var keys: [String] = []
            try segment.forEachRecord(of: pairs) { key, _ in
                keys.append(String(decoding: key, as: UTF8.self))
                return true
            }
            #expect(keys == ["a", "b"])
        }
    }

    @Test func aSnapshotKeepsWhatItSawWhileAWriterGoesOn() throws {
        try addSegment(pattern(3_000_000), passages: 5)
        let before = try Store.open(at: path).snapshot()
        let blob = try before.segments[0].blob(noise, recordSize: 1)
        let session = try Store.open(at: path).write()
        try session.commit(segments: [])
        for _ in 0..<3 { try session.commit(segments: []) }
        #expect(before.segments.count == 1)
        #expect(try blob.bytes(in: 0..<3_000_000) == pattern(3_000_000))
        #expect(try Store.open(at: path).snapshot().segments.isEmpty)
    }

    @Test func passageBasesAddUp() throws {
        try addSegment([], passages: 3)
        try addSegment([], passages: 4)
        #expect(try Store.open(at: path).snapshot().segments.map(\.passageBase) == [0, 3])
    }

    @Test func anAbandonedSessionLeavesNothingBehind() throws {
        try addSegment(pattern(100))
        do {
            let session = try Store.open(at: path).write()
            let blob = session.newSegment().blob(noise, recordSize: 1)
            try blob.append(contentsOf: pattern(3_000_000))
            try blob.finish()
            try session.flush()
        }
        #expect(try Store.open(at: path).snapshot().segments.count == 1)
        let number = try addSegment(pattern(10))
        // The abandoned segment's number was taken by the new one, so its records were removed first.
        let segments = try Store.open(at: path).snapshot().segments
        #expect(segments.map(\.info.number) == [1, number])
        #expect(try segments[1].blobSizes().map(\.bytes) == [10])
    }

    @Test func aSecondWriterIsRefusedAndTheFirstGoesOn() throws {
        try addSegment([])
        let first = try Store.open(at: path).write()
        #expect {
            _ = try Store.open(at: path).write()
        } throws: {
            ($0 as? TrawlError)?.code == .busy
        }
        try first.commit(segments: [])
    }

    @Test func metadataIsCommittedWithTheSegments() throws {
        try addSegment([])
        let session = try Store.open(at: path).write()
        try session.setMetadata("model", ["digest": "abc"])
        #expect(try Store.open(at: path).snapshot().metadata("model") == nil)
        try session.commit(segments: session.manifest.segments)
        #expect(try Store.open(at: path).snapshot().metadata("model", as: [String: String].self) == ["digest": "abc"])
    }

    @Test func anUnfinishedIndexSaysSo() throws {
        _ = try Store.create(at: path)
        #expect {
            _ = try Store.open(at: path).snapshot()
        } throws: {
            String(describing: $0).contains("never finished")
        }
    }

    @Test func aNewerFormatNamesTheRemedy() throws {
        try addSegment([])
        try Store.open(at: path).write().overwriteManifest(#"{"format":99}"#)
        #expect {
            _ = try Store.open(at: path).snapshot()
        } throws: {
            String(describing: $0).contains("newer Trawl")
        }
    }

    @Test func folderThatIsNoIndexIsNamed() throws {
        #expect {
            _ = try Store.open(at: folder.path)
        } throws: {
            String(describing: $0).contains("not a Trawl index")
        }
        try folder.write("file", "x")
        #expect(throws: TrawlError.self) { _ = try Store.create(at: self.folder.path) }
    }
}
