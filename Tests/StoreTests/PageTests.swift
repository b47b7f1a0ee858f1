import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlStore

/// Pages as LMDB writes them are accepted and read right; whatever else they hold ends in an error, never in a crash.
@Suite struct PageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path("a.trawl") }
    private var data: String { path + "/data.mdb" }

    private func randomKey(_ count: Int, below bound: Int, _ random: inout SplitMix64) -> [UInt8] {
        (0..<count).map { _ in UInt8(random.below(bound)) }
    }

    /// Commits a segment with `records` records of many lengths and a blob of `bytes` bytes.
    private func addSegment(records: Int, keyBytes: Int, bytes: Int, _ random: inout SplitMix64) throws {
        let session = try Store.create(at: path).write()
        let writer = session.newSegment()
        var keys: Set<[UInt8]> = []
        while keys.count < records {
            keys.insert(randomKey(.random(in: 1...keyBytes, using: &random), below: 256, &random))
        }
        for key in keys.shuffled(using: &random) {
            try writer.put(pairs, key, Pair(first: UInt32(key.count), second: 7))
        }
        let blob = writer.blob(noise, recordSize: 1)
        try blob.append(contentsOf: pattern(bytes))
        try blob.finish()
        let info = SegmentInfo(number: writer.number, documentCount: 1, passageCount: 1)
        try session.commit(segments: session.manifest.segments + [info])
    }

    @Test func whatLMDBWritesIsAcceptedThroughALongHistory() throws {
        var random = SplitMix64(seed: 7)
        for step in 0..<60 {
            try addSegment(
                records: random.below(900), keyBytes: [8, 60, 500][step % 3], bytes: random.below(3_000_000), &random)
            if step % 4 == 3 {
                let session = try Store.open(at: path).write()
                let kept = session.manifest.segments.filter { _ in Bool.random(using: &random) }
                try session.commit(segments: kept)
            }
            let store = try Store.open(at: path)
            #expect(try store.verifyPages() > 0)
            // A reader keeps pages from being used again, so that the free list grows.
            if step % 7 == 0 { _ = try store.snapshot() }
        }
    }

    @Test func recordsAreFoundAndScannedAsTheyWereWritten() throws {
        var random = SplitMix64(seed: 3)
        let session = try Store.create(at: path).write()
        let writer = session.newSegment()
        var written: [[UInt8]: UInt32] = [:]
        for number in 0..<4000 {
            written[randomKey(.random(in: 1...40, using: &random), below: 4, &random)] = UInt32(number)
        }
        for (key, number) in written { try writer.put(pairs, key, Pair(first: number, second: 1)) }
        try session.commit(segments: [SegmentInfo(number: writer.number, documentCount: 1, passageCount: 1)])
        let segment = try #require(try Store.open(at: path).snapshot().segments.first)
        for (key, number) in written { #expect(try segment.record(pairs, key)?.first == number) }
        var scanned: [[UInt8]] = []
        try segment.forEachRecord(of: pairs) { key, _ in
            scanned.append(Array(key))
            return true
        }
        #expect(scanned == written.keys.sorted { $0.lexicographicallyPrecedes($1) })
        for _ in 0..<500 {
            let key = randomKey(random.below(13), below: 5, &random)
            let next = scanned.first { !$0.lexicographicallyPrecedes(key) }
            #expect(try segment.firstRecord(of: pairs, from: key)?.key == next)
            #expect(try segment.record(pairs, key)?.first == written[key])
        }
    }

    /// The pages of trees in a file, and the commit.
    private func treePages(_ bytes: [UInt8]) throws -> [Int] {
        (0..<bytes.count / 4096).filter { page in
            let flags = Int(bytes[4096 * page + 10]) | Int(bytes[4096 * page + 11]) << 8
            return page > 1 && (flags == 1 || flags == 2)
        }
    }

    /// Reads all of a file that may hold anything; answers whether it was verified.
    private func readAll(_ bytes: [UInt8], in file: String) throws -> Bool {
        try Data(bytes).write(to: URL(filePath: file))
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        do {
            let map = try PageMap(descriptor: descriptor, path: file)
            let commit = try MetaPage.newest(map)
            let tables = try? CommittedTables(map, commit)
            for table in [tables?.meta, tables?.records, tables?.blobs].compactMap({ $0 }) {
                var sum = 0
                try? [UInt8]().withUnsafeBytes { first in
                    try table.scan(from: first) { key, value in
                        sum += key.count + value.reduce(0) { $0 &+ Int($1) } & 1
                        return true
                    }
                }
            }
            var verifier = try PageVerifier(map, commit)
            try verifier.verify()
            return true
        } catch is TrawlError {
            return false
        }
    }

    @Test func everyWordOfATreePageMayHoldAnything() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<3 { try addSegment(records: 300, keyBytes: 60, bytes: 9000, &random) }
        let sound = [UInt8](try Data(contentsOf: URL(filePath: data)))
        let file = folder.path("damaged.mdb")
        try #require(try readAll(sound, in: file))
        var refused = 0
        for page in [0, 1] + (try treePages(sound)) {
            for _ in 0..<40 {
                var bytes = sound
                let place = page * 4096 + 2 * random.below(page < 2 ? 76 : random.below(2) == 0 ? 24 : 2048)
                let word = [0, 1, 0xFFFF, random.below(0x10000)][random.below(4)]
                bytes[place] = UInt8(word & 255)
                bytes[place + 1] = UInt8(word >> 8)
                if try !readAll(bytes, in: file) { refused += 1 }
            }
        }
        // Values, unused bytes and old pages mean nothing to a tree.
        #expect(refused > 200)
    }

    @Test func pagesThatAreZeroedOrMissingAreRefused() throws {
        var random = SplitMix64(seed: 5)
        for _ in 0..<3 { try addSegment(records: 300, keyBytes: 60, bytes: 9000, &random) }
        let sound = [UInt8](try Data(contentsOf: URL(filePath: data)))
        let file = folder.path("damaged.mdb")
        for page in try treePages(sound) {
            let start = page * 4096
            let bytes = sound[..<start] + [UInt8](repeating: 0, count: 4096) + sound[(start + 4096)...]
            // An old version of a page may be zeroed; the file is refused from the first page in use on.
            let isUsed = try !readAll(Array(bytes), in: file)
            if isUsed { #expect(try !readAll(Array(sound[..<start]), in: file)) }
        }
        #expect(try !readAll(Array(sound[..<(2 * 4096)]), in: file))
    }

    @Test func freePagesThatAreInUseKeepWritersOut() throws {
        var random = SplitMix64(seed: 9)
        for _ in 0..<4 { try addSegment(records: 200, keyBytes: 60, bytes: 9000, &random) }
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: data)))
        // The newest meta page has the root of the free list; its first entry's first number becomes that of a page in use.
        func word(_ place: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
        let meta = word(144) > word(4096 + 144) ? 0 : 4096
        let (free, main) = (word(meta + 40 + 40), word(meta + 88 + 40))
        let node = free * 4096 + (Int(bytes[free * 4096 + 16]) | Int(bytes[free * 4096 + 17]) << 8)
        let list = node + 8 + 8
        try #require(word(list) > 0)
        let last = list + 8 * word(list)
        for offset in 0..<8 { bytes[last + offset] = UInt8(main >> (8 * offset) & 255) }
        let copy = folder.path("b.trawl")
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: copy + "/data.mdb"))
        let store = try Store.open(at: copy)
        // Readers do not need the free list.
        #expect(try store.snapshot().segments.count == 4)
        #expect {
            _ = try store.write()
        } throws: {
            ($0 as? TrawlError)?.code == .corrupted && "\($0)".contains("data.mdb: page")
        }
        #expect([UInt8](try Data(contentsOf: URL(filePath: copy + "/data.mdb"))) == bytes)
    }

    @Test func aLastCommitThatLostItsManifestIsNotTakenForOneThatNeverHadAny() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<3 { try addSegment(records: 20, keyBytes: 8, bytes: 100, &random) }
        let sound = [UInt8](try Data(contentsOf: URL(filePath: data)))
        let last = try DamagedStore(at: path)
        #expect(last.damage == nil)
        let name = Array(Manifest.name)
        var fallenBack = 0
        for place in sound.indices.dropLast(name.count) where Array(sound[place..<place + name.count]) == name {
            var bytes = sound
            bytes[place + name.count - 1] ^= 1
            let copy = folder.path("manifest-\(place).trawl")
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: copy + "/data.mdb"))
            guard let store = try? DamagedStore(at: copy) else { continue }
            if store.snapshots[0].segments.count < last.snapshots[0].segments.count {
                fallenBack += 1
                #expect(store.damage != nil)
            }
        }
        #expect(fallenBack > 0)
    }
}
