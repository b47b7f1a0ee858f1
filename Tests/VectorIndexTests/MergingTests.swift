import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlVectorIndex

/// Segments with structures after random insertions, deletions and merges.
@Suite struct MergingTests {
    /// Vectors of an index that is changed, with what must be in it.
    private final class History {
        private let folder: TemporaryFolder
        var path: String { folder.path }
        let settings: VectorSettings
        let dimension = 24
        let session: WriteSession
        var infos: [SegmentInfo] = []
        /// The vectors that each segment was written with, nil for those that were deleted.
        var vectors: [[[Float]?]] = []

        init(_ settings: VectorSettings) throws {
            self.settings = settings
            folder = try TemporaryFolder()
            session = try Store.create(at: folder.path).write()
        }

        func add(_ new: [[Float]]) throws {
            let writer = session.newSegment()
            let builder = try VectorSegmentBuilder(dimension: dimension, settings, into: writer)
            try builder.append(new.flatMap { $0 })
            try builder.finish()
            infos.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(new.count), passageCount: UInt32(new.count)))
            vectors.append(new.map { $0 })
            try session.commit(segments: infos)
        }

        func delete(share: Double, in segment: Int, _ random: inout SplitMix64) throws {
            for row in vectors[segment].indices where Double.random(in: 0..<1, using: &random) < share {
                vectors[segment][row] = nil
            }
            var dead = BitSet(bound: vectors[segment].count)
            for (row, vector) in vectors[segment].enumerated() where vector == nil { dead.insert(row) }
            let writer = session.newSegment()
            infos[segment].deletions = try DeletionSet.write(documents: dead, passages: dead, into: writer)
            try session.commit(segments: infos)
        }

        func merge(_ merged: Range<Int>) throws {
            let readers = try session.snapshot(of: infos).segments
            let slices = try merged.map { SegmentSlice(readers[$0], passages: try readers[$0].livePassages()) }
            let writer = session.newSegment()
            try VectorSegmentMerger.merge(slices, settings, into: writer)
            let live = merged.flatMap { vectors[$0].compactMap { $0 } }
            infos.replaceSubrange(
                merged,
                with: [
                    SegmentInfo(
                        number: writer.number, documentCount: UInt32(live.count), passageCount: UInt32(live.count))
                ])
            vectors.replaceSubrange(merged, with: [live.map { $0 }])
            try session.commit(segments: infos)
        }

        /// Searches the index as another process would see it, and compares with all vectors that must be in it.
        func check(_ queries: [[Float]]) throws -> Double {
            let segments = try Store.open(at: path).snapshot().segments
            for segment in segments { try VectorSearcher.check(segment) }
            let searcher = try VectorSearcher(segments)
            let all = vectors.flatMap { $0 }
            #expect(searcher.count == all.count { $0 != nil })
            var (hits, wanted) = (0, 0)
            for query in queries {
                let scores = all.compactMap { $0.map { VectorSearchTests.naive(query, $0, settings.metric) } }
                let best = scores.sorted(by: >).prefix(10)
                let found = try searcher.search(query, k: 10)
                #expect(found.allSatisfy { all[Int($0.passage.rawValue)] != nil })
                #expect(found.count == best.count)
                hits += found.count { Double($0.score) >= (best.last ?? 0) - 1e-5 }
                wanted += best.count
            }
            return Double(hits) / Double(max(1, wanted))
        }
    }

    @Test(arguments: [VectorStructure.binary, .graph], Metric.allCases)
    func indexesStayValidThroughSeededHistories(structure: VectorStructure, metric: Metric) throws {
        var settings = VectorSettings(structure, metric)
        settings.graph.degree = 16
        settings.graph.buildWidth = 48
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            let history = try History(settings)
            let lengths: ClosedRange<Float> = metric == .cosine ? 1...1 : 0.5...2
            let queries = clusteredVectors(20, 24, seed: 500 + seed)
            try history.add(clusteredVectors(600, 24, seed: 100 * seed, length: lengths))
            for step in 1...8 as ClosedRange<UInt64> {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    try history.add(
                        clusteredVectors(
                            Int.random(in: 0...300, using: &random), 24, seed: 100 * seed + step, length: lengths))
                case 1:
                    let segment = Int.random(in: 0..<history.infos.count, using: &random)
                    try history.delete(share: Double.random(in: 0...0.6, using: &random), in: segment, &random)
                default:
                    let first = Int.random(in: 0..<history.infos.count, using: &random)
                    try history.merge(first..<Int.random(in: first + 1...history.infos.count, using: &random))
                }
                #expect(try history.check(queries) >= 0.95)
            }
            try history.merge(0..<history.infos.count)
            #expect(try history.check(queries) >= 0.97)
        }
    }

    @Test func mergingAllDeletedVectorsLeavesNone() throws {
        let history = try History(VectorSettings(.graph))
        var random = SplitMix64(seed: 1)
        try history.add(clusteredVectors(80, 24, seed: 1))
        try history.delete(share: 1, in: 0, &random)
        #expect(try history.check(clusteredVectors(2, 24, seed: 2)) == 0)
        try history.merge(0..<1)
        #expect(try history.check(clusteredVectors(2, 24, seed: 2)) == 0)
    }

    /// Merging a large segment with a small one keeps the large one's links: the work is that of the small one.
    @Test func mergesTakeOverTheGreatestGraph() throws {
        let history = try History(VectorSettings(.graph))
        try history.add(clusteredVectors(500, 24, seed: 1))
        try history.add(clusteredVectors(20, 24, seed: 2))
        func graph(_ segment: Int) throws -> VectorGraph? {
            let readers = try Store.open(at: history.path).snapshot().segments
            guard case .graph(let graph) = try SearchedSegment(readers[segment]).codes else { return nil }
            return graph
        }
        let before = try #require(try graph(0))
        try history.merge(0..<2)
        let after = try #require(try graph(0))
        #expect(after.shape.entry == before.shape.entry)
        let kept = (0..<500).count { vector in
            let links = Set(after.neighbours(of: vector))
            return before.neighbours(of: vector).allSatisfy { links.contains($0) }
        }
        #expect(kept > 400)
    }

    @Test func slicesOfOtherFormatsAreRefused() throws {
        let vectors = clusteredVectors(10, 4, seed: 1)
        let f32 = try VectorFixture(vectors, sizes: [10], dimension: 4, VectorSettings(.exact))
        let f16 = try VectorFixture(vectors, sizes: [10], dimension: 4, VectorSettings(.exact, .cosine, .f16))
        let slices = try (f32.segments + f16.segments).map { SegmentSlice($0, passages: try $0.livePassages()) }
        let folder = try TemporaryFolder()
        let writer = try Store.create(at: folder.path).write().newSegment()
        #expect(throws: TrawlError.self) { try VectorSegmentMerger.merge(slices, into: writer) }
    }
}
