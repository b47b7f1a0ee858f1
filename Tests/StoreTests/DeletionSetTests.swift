import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlStore

/// Deletion sets: stored beside their segments, named by the manifest, replaced and removed with it.
@Suite struct DeletionSetTests {
    let folder: TemporaryFolder
    var path: String { folder.path("a.trawl") }

    init() throws { folder = try TemporaryFolder() }

    private func segment(_ session: WriteSession, documents: UInt32, passages: UInt32) throws -> SegmentInfo {
        let writer = session.newSegment()
        try writer.put(pairs, [1], Pair(first: writer.number, second: 0))
        return SegmentInfo(number: writer.number, documentCount: documents, passageCount: passages)
    }

    private func deleting(_ documents: [Int], _ passages: [Int], from info: SegmentInfo, _ session: WriteSession) throws
        -> SegmentInfo
    {
        var (dead, deadPassages) = (BitSet(bound: Int(info.documentCount)), BitSet(bound: Int(info.passageCount)))
        for document in documents { dead.insert(document) }
        for passage in passages { deadPassages.insert(passage) }
        var info = info
        info.deletions = try DeletionSet.write(documents: dead, passages: deadPassages, into: session.newSegment())
        return info
    }

    @Test func membersComeBackAndCountsStandInTheManifest() throws {
        let session = try Store.create(at: path).write()
        let info = try segment(session, documents: 130, passages: 20_000_000)
        try session.commit(segments: [deleting([0, 64, 129], [5, 9_000_000, 19_999_999], from: info, session)])
        let reader = try #require(try Store.open(at: path).snapshot().segments.first)
        #expect(reader.info.liveDocumentCount == 127 && reader.info.livePassageCount == 19_999_997)
        let set = try #require(try DeletionSet(reader))
        try set.check()
        #expect((0..<130).filter { set.documents.contains($0) } == [0, 64, 129])
        #expect(set.passages.contains(9_000_000) && !set.passages.contains(9_000_001))
        #expect(set.passages.bitSet().count == 3)
        #expect(
            try reader.livePassages() == [0..<5, 6..<9_000_000, 9_000_001..<19_999_999])
    }

    @Test func aNewSetTakesThePlaceOfTheOldOneAndSnapshotsKeepTheirs() throws {
        let session = try Store.create(at: path).write()
        let info = try segment(session, documents: 3, passages: 3)
        let first = try deleting([1], [1], from: info, session)
        try session.commit(segments: [first])
        let before = try Store.open(at: path).snapshot()
        let second = try deleting([1, 2], [1, 2], from: info, session)
        try session.commit(segments: [second])
        let after = try #require(try Store.open(at: path).snapshot().segments.first)
        #expect(try DeletionSet(after)?.documents.bitSet().count == 2)
        #expect(try after.record(pairs, [1]) != nil)
        #expect(try DeletionSet(before.segments[0])?.documents.bitSet().count == 1)
        // The first set is gone from the store.
        var old = after.info
        old.deletions = first.deletions
        #expect(throws: TrawlError.self) { try DeletionSet(session.snapshot(of: [old]).segments[0]) }
    }

    @Test func manifestsOfTheFirstFormatOpenAndAreWrittenInTheLast() throws {
        let session = try Store.create(at: path).write()
        let info = try segment(session, documents: 2, passages: 2)
        try session.commit(segments: [info])
        // As the first version of Trawl wrote it.
        try session.overwriteManifest(
            #"{"format":1,"nextSegment":2,"segments":[{"documentCount":2,"number":1,"passageCount":2}]}"#)
        let reader = try #require(try Store.open(at: path).snapshot().segments.first)
        #expect(reader.info == info)
        #expect(try DeletionSet(reader) == nil && reader.deletionReader == nil)
        #expect(try reader.livePassages() == [0..<2])
        // A reader that knows nothing of deletions or of packed postings must refuse what may have some.
        try session.commit(segments: [deleting([0], [0], from: info, session)])
        #expect(session.manifest.format == 3)
    }

    @Test func manifestThatCountsMoreDeletionsThanDocumentsIsDamaged() throws {
        let session = try Store.create(at: path).write()
        try session.commit(segments: [])
        try session.overwriteManifest(
            """
            {"format":2,"nextSegment":3,"segments":[{"documentCount":2,"number":1,"passageCount":2,
            "deletions":{"number":2,"documentCount":3,"passageCount":0}}]}
            """)
        #expect {
            _ = try Store.open(at: path).snapshot()
        } throws: {
            ($0 as? TrawlError)?.code == .corrupted
        }
    }

    @Test func setOfAnotherSegmentIsDamage() throws {
        let session = try Store.create(at: path).write()
        let info = try segment(session, documents: 100, passages: 100)
        var other = try segment(session, documents: 300, passages: 100)
        other.deletions = try deleting([3], [3], from: info, session).deletions
        try session.commit(segments: [info, other])
        #expect {
            _ = try DeletionSet(Store.open(at: path).snapshot().segments[1])
        } throws: {
            ($0 as? TrawlError)?.code == .corrupted
        }
    }

    @Test func wrongCountsAreFound() throws {
        let session = try Store.create(at: path).write()
        var info = try deleting([1, 5], [1, 5], from: segment(session, documents: 9, passages: 9), session)
        info.deletions = info.deletions.map {
            DeletionInfo(number: $0.number, documentCount: 1, passageCount: $0.passageCount)
        }
        try session.commit(segments: [info])
        let set = try #require(try DeletionSet(Store.open(at: path).snapshot().segments[0]))
        #expect(throws: TrawlError.self) { try set.check() }
    }
}
