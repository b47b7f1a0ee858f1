import Foundation
import Testing
import TrawlCore
import TrawlStore

@testable import TrawlSubstringIndex

/// Copies of a segment's blobs, each ending at a page that must not be touched, so that reading beyond crashes.
private final class GuardedSegment: @unchecked Sendable {
    private var mappings: [(base: UnsafeMutableRawPointer, length: Int)] = []
    private(set) var blobs: [BlobKind: [UInt8]] = [:]
    let shape: SegmentShape

    init(_ reader: SegmentReader) throws {
        for (kind, recordSize) in SegmentLayout.allBlobs {
            let blob = try reader.blob(kind, recordSize: recordSize)
            blobs[kind] = try blob.bytes(in: 0..<blob.byteCount)
        }
        shape = try #require(try reader.record(SegmentLayout.shapes, SegmentLayout.shapeKey))
    }

    deinit { unmap() }

    private func unmap() {
        for mapping in mappings { munmap(mapping.base, mapping.length) }
        mappings = []
    }

    /// Opens the segment with `damaged` in the place of the blobs of those kinds.
    func open(_ damaged: [BlobKind: [UInt8]] = [:], shape: SegmentShape? = nil) throws -> SubstringSegment {
        unmap()
        let chunks = try SubstringSegment.Chunks { kind, _ in
            self.map(damaged[kind] ?? self.blobs[kind] ?? [])
        }
        return try SubstringSegment(shape ?? self.shape, chunks, owner: self)
    }

    fileprivate func map(_ bytes: [UInt8]) -> ChunkTable {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let payload = (bytes.count + page - 1) / page * page
        // A page for the table of chunks, the payload at the end of its pages, a page that must not be touched.
        let length = page + payload + page
        guard let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { preconditionFailure("no memory for a guarded blob") }
        mappings.append((memory, length))
        mprotect(memory + page + payload, page, PROT_NONE)
        let start = memory + page + payload - bytes.count
        bytes.withUnsafeBytes { if let base = $0.baseAddress { start.copyMemory(from: base, byteCount: $0.count) } }
        let table = memory.bindMemory(to: UnsafeRawPointer.self, capacity: 1)
        table.pointee = UnsafeRawPointer(start)
        return ChunkTable(UnsafeBufferPointer(start: table, count: 1), byteCount: bytes.count)
    }
}

@Suite struct DamageTests {
    static let passages = Passages("Zipf", Strings.zipf(length: 4000, alphabet: 300, seed: 9), length: 37)

    @Test func aWholeIndexPassesItsCheck() throws {
        for passages in Passages.matrix {
            let total = passages.passages.count
            let files = try TemporaryIndex(passages, segments: [total / 2, total - total / 2])
            try SubstringIndex(files.snapshot).check(sample: 40) { passages.passages[Int($0.rawValue)] }
        }
    }

    @Test func theCheckNamesAPassageThatDiffersFromTheCorpus() throws {
        let files = try TemporaryIndex(Self.passages, segments: [Self.passages.passages.count])
        let index = try SubstringIndex(files.snapshot)
        #expect {
            try index.check(sample: 4) { $0.rawValue == 0 ? [1, 2, 3] : Self.passages.passages[Int($0.rawValue)] }
        } throws: { String(describing: $0).contains("passage 0") }
    }

    @Test func truncatedBlobsAreRefusedWithARemedy() throws {
        let files = try TemporaryIndex(Self.passages, segments: [Self.passages.passages.count])
        let segment = try GuardedSegment(files.snapshot.segments[0])
        for (kind, recordSize) in SegmentLayout.allBlobs {
            let whole = segment.blobs[kind] ?? []
            for bytes in [[], Array(whole.dropLast(recordSize)), whole + [UInt8](repeating: 0, count: recordSize)] {
                #expect {
                    try segment.open([kind: bytes])
                } throws: {
                    ($0 as? TrawlError)?.code == .corrupted && ($0 as? TrawlError)?.remedy == "rebuild the index"
                }
            }
        }
    }

    @Test func contradictorySizesAreRefused() throws {
        let files = try TemporaryIndex(Self.passages, segments: [Self.passages.passages.count])
        let segment = try GuardedSegment(files.snapshot.segments[0])
        let changes: [(inout SegmentShape) -> Void] = [
            { $0.tokenCount += 1000 }, { $0.tokenCount = .max }, { $0.passageCount += 1 }, { $0.symbolCount = .max },
            { $0.symbolCount += 1 }, { $0.vocabularyBound = .max }, { $0.format = 99 }, { $0.tokenCount = 0 },
        ]
        for change in changes {
            var shape = segment.shape
            change(&shape)
            #expect(throws: TrawlError.self) { try segment.open(shape: shape) }
        }
    }

    @Test func noiseInTheDeadRowsNeverCountsMoreThanTheRange() throws {
        let files = try TemporaryIndex(Self.passages, segments: [Self.passages.passages.count])
        let guarded = try GuardedSegment(files.snapshot.segments[0])
        var random = SplitMix64(seed: 5)
        for rows in [0, 1, 479, 480, 481, 4000] {
            let bytes = (0..<SubstringDeletions.blockCount(rows: rows) * SubstringDeletions.blockBytes).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            let dead = DeadRows(blocks: guarded.map(bytes), rowCount: rows)
            for _ in 0..<200 {
                let (low, high) = (UInt32(random.next() % 4100), UInt32(random.next() % 4100))
                #expect(dead.count(low, high) <= (low < high ? high - low : 0))
            }
        }
    }

    /// The suite runs some rounds; `TRAWL_FUZZ_SECONDS` asks for rounds of other random damage for that long.
    @Test func flippedBitsNeverReadOutOfBoundsAndTheCheckFindsThem() throws {
        let files = try TemporaryIndex(Self.passages, segments: [Self.passages.passages.count])
        let guarded = try GuardedSegment(files.snapshot.segments[0])
        let ngrams = Self.passages.ngrams(40, seed: 3)
        let counts = ngrams.map { Self.passages.positions(of: $0).count }
        let environment = ProcessInfo.processInfo.environment
        let end = environment["TRAWL_FUZZ_SECONDS"].flatMap(Double.init).map { Date().addingTimeInterval($0) }
        var random = SplitMix64(seed: end == nil ? 77 : UInt64(Date().timeIntervalSince1970))
        var (caught, rounds) = (0, 0)
        while end.map({ Date() < $0 }) ?? (rounds < 400) {
            let round = rounds
            rounds += 1
            let kind = SegmentLayout.allBlobs[round % SegmentLayout.allBlobs.count].kind
            var bytes = guarded.blobs[kind] ?? []
            // One bit, a few, or a block of noise.
            switch round / SegmentLayout.allBlobs.count % 3 {
            case 0: bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            case 1: for _ in 0..<9 { bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(random.next() % 256) }
            default:
                let start = Int(random.next() % UInt64(bytes.count))
                for i in start..<min(bytes.count, start + 256) { bytes[i] = UInt8(random.next() % 256) }
            }
            do {
                let segment = try guarded.open([kind: bytes])
                let index = try SubstringIndex([segment], bases: [0])
                exercise(index, ngrams)
                try index.check(sample: 20)
                // What the check cannot see must not matter: bits that nothing reads.
                #expect(ngrams.map { index.count(of: $0) } == counts, "\(kind)")
            } catch {
                caught += 1
                #expect((error as? TrawlError)?.code == .corrupted)
            }
        }
        if end != nil { print("\(rounds) damages, \(caught) of them found by the check") }
        #expect(caught > rounds * 3 / 4, "only \(caught) of \(rounds) damages were found")
    }

    /// Calls everything; answers may be wrong.
    private func exercise(_ index: SubstringIndex, _ ngrams: [[TokenID]]) {
        var mask = [UInt64](repeating: 0, count: 40)
        _ = index.nextTokens(index.root)
        for ngram in ngrams {
            guard let range = index.range(of: ngram) else { continue }
            _ = index.nextTokens(range)
            index.allow(range, in: &mask)
            _ = index.passages(containing: range, limit: 10)
            _ = try? index.positions(of: ngram, limit: 10)
            _ = index.extend([range, range], by: [1, 2])
        }
        for passage: UInt32 in 0..<5 { _ = try? index.tokens(of: PassageID(passage)) }
    }
}
