import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlVectorIndex

/// Sign codes that are learned from the vectors of a segment.
@Suite struct LearnedCodeTests {
    private func settings(
        bits: Int?, _ metric: Metric = .cosine, _ format: RowFormat = .f32
    ) -> VectorSettings {
        var settings = VectorSettings(.binary, metric, format)
        settings.codes = bits.map { .learned(bits: $0) } ?? .rotated
        return settings
    }

    /// The share of the ten nearest that are among the `rescored` best by code.
    private func recall(_ searcher: VectorSearcher, _ queries: [[Float]], rescored: Int) throws -> Double {
        let exact = try searcher.search(queries, k: 10, .exact)
        var options = VectorSearchOptions()
        options.rescored = rescored
        let found = try searcher.search(queries, k: 10, options)
        return zip(exact, found).reduce(0) { sum, pair in
            let bar = pair.0.last?.score ?? 0
            return sum + Double(pair.1.count { $0.score >= bar }) / Double(10 * queries.count)
        }
    }

    @Test(arguments: Metric.allCases, RowFormat.allCases)
    func findNearlyAllNeighboursWithTheirExactScores(metric: Metric, format: RowFormat) throws {
        let vectors = clusteredVectors(3000, 96, seed: 1, length: metric == .cosine ? 1...1 : 0.5...2)
        let fixture = try VectorFixture(
            vectors, sizes: [2000, 1000], dimension: 96, settings(bits: 64, metric, format))
        #expect(fixture.searcher.codes == [.learned(bits: 64), .learned(bits: 64)])
        let queries = clusteredVectors(40, 96, seed: 2)
        #expect(try recall(fixture.searcher, queries, rescored: 500) >= 0.97)
        for query in queries.prefix(3) {
            let found = try fixture.searcher.search(query, k: 10)
            #expect(try fixture.searcher.score(query, passages: found.map(\.passage)) == found.map(\.score))
        }
        for segment in fixture.segments { try VectorSearcher.check(segment) }
    }

    /// Vectors of low rank, as embeddings nearly are: 32 bits that follow them say more than 128 of a random rotation.
    @Test func knowWhereTheVectorsVary() throws {
        var random = SplitMix64(seed: 5)
        let axes = (0..<16).map { _ in (0..<96).map { _ in Float.random(in: -1...1, using: &random) } }
        func vector() -> [Float] {
            let shares = axes.map { _ in Float.random(in: -1...1, using: &random) }
            return (0..<96).map { d in
                zip(shares, axes).reduce(0.02 * Float.random(in: -1...1, using: &random)) { $0 + $1.0 * $1.1[d] }
            }
        }
        let vectors = (0..<4000).map { _ in vector() }
        let queries = (0..<50).map { _ in vector() }
        let learned = try VectorFixture(vectors, sizes: [4000], dimension: 96, settings(bits: 32))
        let rotated = try VectorFixture(vectors, sizes: [4000], dimension: 96, settings(bits: nil))
        #expect(rotated.searcher.codes == [.rotated])
        let (few, many) = (
            try recall(learned.searcher, queries, rescored: 100), try recall(rotated.searcher, queries, rescored: 100)
        )
        #expect(few > 0.9)
        #expect(few > many - 0.05, "\(few) with 32 bits, \(many) with 128")
    }

    @Test func areTheSameOnOneThreadAndOnTwo() throws {
        let vectors = clusteredVectors(1500, 64, seed: 5)
        let one = try VectorFixture(vectors, sizes: [1500], dimension: 64, settings(bits: 48), threads: 1)
        let two = try VectorFixture(vectors, sizes: [1500], dimension: 64, settings(bits: 48), threads: 2)
        let queries = clusteredVectors(20, 64, seed: 6)
        var options = VectorSearchOptions()
        options.rescored = 10
        #expect(try one.searcher.search(queries, k: 10, options) == two.searcher.search(queries, k: 10, options))
    }

    @Test func segmentsWithTooFewVectorsHaveRotatedCodes() throws {
        let fixture = try VectorFixture(
            clusteredVectors(400, 64, seed: 7), sizes: [200, 199, 1, 0], dimension: 64, settings(bits: 48))
        #expect(fixture.searcher.codes == [.learned(bits: 48), .learned(bits: 48), .rotated, .rotated])
        #expect(try fixture.searcher.search([Float](repeating: 1, count: 64), k: 5).count == 5)
    }

    @Test func oddVectorsAreAnswered() throws {
        var vectors = [[Float]](repeating: [Float](repeating: 0, count: 32), count: 200)
        for number in 100..<200 { vectors[number] = [Float](repeating: 3e37, count: 32) }
        let fixture = try VectorFixture(vectors, sizes: [200], dimension: 32, settings(bits: 32, .dot))
        let found = try fixture.searcher.search([Float](repeating: 1, count: 32), k: 3, .exact)
        #expect(found.map(\.passage.rawValue) == [100, 101, 102])
        #expect(try fixture.searcher.search([Float](repeating: 1, count: 32), k: 3).count == 3)
    }

    @Test(arguments: [0, 24, 40, 72, 100]) func impossibleSizesAreRefused(bits: Int) throws {
        let isPossible = bits == 40
        let folder = try TemporaryFolder()
        let writer = try Store.create(at: folder.path).write().newSegment()
        let made = try? VectorSegmentBuilder(dimension: 64, settings(bits: bits), into: writer)
        #expect((made != nil) == isPossible)
        guard !isPossible else { return }
        let error = #expect(throws: TrawlError.self) {
            try VectorSegmentBuilder(dimension: 64, settings(bits: bits), into: writer)
        }
        #expect("\(error as Any)".contains("learned codes of \(bits) bits"))
    }

    @Test(arguments: [24, 40]) func aMapThatDoesNotFitIsDamage(bits: Int) throws {
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        let builder = try VectorSegmentBuilder(dimension: 32, VectorSettings(.exact), into: writer)
        try builder.append([Float](repeating: 0.5, count: 32))
        try builder.finish()
        try writer.put(
            VectorSegment.shape, VectorSegment.onlyKey,
            VectorShape(
                rowCount: 1, dimension: 32, metric: Metric.cosine.rawValue, format: 0,
                structure: VectorStructure.binary.rawValue, hasLearnedCodes: 1))
        try writer.putCentre([Float](repeating: 0, count: 32))
        let blob = writer.blob(VectorSegment.projection, recordSize: 128)
        try blob.append(contentsOf: [Float](repeating: 0, count: 32 * bits))
        try blob.finish()
        try session.commit(segments: [SegmentInfo(number: writer.number, documentCount: 1, passageCount: 1)])
        let segments = try Store.open(at: folder.path).snapshot().segments
        let error = #expect(throws: TrawlError.self) { try VectorSearcher(segments) }
        #expect("\(error as Any)".contains("map to learned codes"))
    }
}
