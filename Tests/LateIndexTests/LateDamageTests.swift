import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlLateIndex

/// Segments whose structures contradict each other are refused or found by the check, and lead no search out of bounds.
@Suite struct LateDamageTests {
    private let texts = TokenTexts(30, dimension: 64, seed: 1)

    /// A segment as it is built, but for one structure, which `change` changes.
    private func damaged(
        _ kind: BlobKind? = nil, _ change: (inout [UInt8]) -> Void = { _ in },
        shape changeShape: (inout LateShape) -> Void = { _ in }
    ) throws -> (segment: SegmentReader, codec: TokenCodec) {
        let sound = try LateFixture(texts, sizes: [30])
        let reader = sound.segments[0]
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        let sizes = [
            (LateSegment.tiles, sound.codec.tileBytes), (LateSegment.starts, 4), (LateSegment.lists, 1),
            (LateSegment.ends, 4),
        ]
        for (each, size) in sizes {
            let blob = try reader.blob(each, recordSize: size)
            var bytes = try blob.bytes(in: 0..<blob.byteCount)
            if each == kind { change(&bytes) }
            let copy = writer.blob(each, recordSize: size)
            try copy.append(contentsOf: bytes)
            try copy.finish()
        }
        var shape = try #require(try reader.record(LateSegment.shape, LateSegment.onlyKey))
        changeShape(&shape)
        try writer.put(LateSegment.shape, LateSegment.onlyKey, shape)
        try session.commit(segments: [SegmentInfo(number: writer.number, documentCount: 30, passageCount: 30)])
        return (try Store.open(at: folder.path).snapshot().segments[0], sound.codec)
    }

    /// What the check says of a damaged structure, which searches survive.
    private func check(_ kind: BlobKind, _ change: (inout [UInt8]) -> Void) throws -> String {
        let (segment, codec) = try damaged(kind, change)
        let searcher = try LateSearcher([segment], codec: codec)
        for options in [LateSearchOptions(), .exact] {
            _ = try? searcher.search(texts.query(3, tokens: 5, seed: 1), k: 10, options)
        }
        return errorText { try LateSearcher.check(segment) }
    }

    @Test func aSoundSegmentPassesTheCheck() throws {
        try LateSearcher.check(try damaged().segment)
    }

    @Test func theCheckFindsWhatIsDamaged() throws {
        #expect(
            try check(LateSegment.tiles) { ($0[0], $0[1]) = (0xFF, 0xFF) }.contains("a centroid that does not exist"))
        #expect(try check(LateSegment.tiles) { $0[0] ^= 1 }.contains("other passages than its tokens"))
        #expect(try check(LateSegment.starts) { $0[7] = 0x7F }.contains("has the tokens"))
        #expect(try check(LateSegment.starts) { $0[0] = 1 }.contains("do not follow"))
        #expect(try check(LateSegment.lists) { $0[0] = 0x7F }.contains("the list of centroid"))
        #expect(try check(LateSegment.ends) { $0[5] = 0x7F }.contains("leaves its bounds"))
    }

    @Test func shapesThatDoNotFitAreRefused() throws {
        func text(_ change: (inout LateShape) -> Void) throws -> String {
            let (segment, codec) = try damaged(shape: change)
            return errorText { try LateSearcher([segment], codec: codec) }
        }
        #expect(try text { $0.tokenCount += 64 }.contains("another size"))
        #expect(try text { $0.bits = 3 }.contains("makes no sense"))
        #expect(try text { $0.dimension = 0 }.contains("makes no sense"))
        #expect(try text { $0.centroidCount = 0 }.contains("makes no sense"))
        #expect(try text { $0.centroidCount += 1 }.contains("another size"))
    }

    /// A merge does not carry damage on.
    @Test func mergingRefusesCentroidsThatDoNotExist() throws {
        let segment = try damaged(LateSegment.tiles) { ($0[0], $0[1]) = (0xFF, 0xFF) }.segment
        let folder = try TemporaryFolder()
        let writer = try Store.create(at: folder.path).write().newSegment()
        #expect(
            errorText { try LateSegmentMerger.merge([SegmentSlice(segment, passages: [0..<30])], into: writer) }
                .contains("does not exist"))
    }
}
