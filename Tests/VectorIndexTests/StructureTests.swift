import Foundation
import Testing
import TrawlCore
import TrawlStore

@testable import TrawlVectorIndex

/// What structures must do on fixed data, whatever the metric and the format.
@Suite struct StructureTests {
    private func recall(_ fixture: VectorFixture, _ queries: [[Float]], k: Int = 10, _ options: VectorSearchOptions)
        throws -> Double
    {
        var exactly = options
        exactly.isExact = true
        let exact = try fixture.searcher.search(queries, k: k, exactly)
        let found = try fixture.searcher.search(queries, k: k, options)
        var (hits, wanted) = (0, 0)
        for (exact, found) in zip(exact, found) {
            guard let bar = exact.last?.score else { continue }
            hits += found.count { $0.score >= bar }
            wanted += exact.count
        }
        return Double(hits) / Double(max(1, wanted))
    }

    @Test(arguments: [VectorStructure.binary, .graph], Metric.allCases)
    func findsNearlyAllNeighboursWithTheirExactScores(structure: VectorStructure, metric: Metric) throws {
        let vectors = clusteredVectors(3000, 48, seed: 1, length: metric == .cosine ? 1...1 : 0.2...3)
        let fixture = try VectorFixture(vectors, sizes: [2900, 100], dimension: 48, VectorSettings(structure, metric))
        #expect(fixture.searcher.structures == [structure, structure])
        let queries = clusteredVectors(40, 48, seed: 2)
        #expect(try recall(fixture, queries, VectorSearchOptions()) >= 0.97)
        for query in queries.prefix(5) {
            let found = try fixture.searcher.search(query, k: 10)
            #expect(try fixture.searcher.score(query, passages: found.map(\.passage)) == found.map(\.score))
        }
    }

    @Test(arguments: RowFormat.allCases, VectorStructure.allCases)
    func formatsLoseLittle(format: RowFormat, structure: VectorStructure) throws {
        let vectors = clusteredVectors(2000, 64, seed: 3)
        let exact = try VectorFixture(vectors, sizes: [2000], dimension: 64, VectorSettings(.exact))
        let fixture = try VectorFixture(
            vectors, sizes: [2000], dimension: 64, VectorSettings(structure, .cosine, format))
        let tolerance: Float = format == .f32 ? 1e-6 : format == .f16 ? 1e-3 : 1e-2
        var agreed = 0
        for query in clusteredVectors(30, 64, seed: 4) {
            let wanted = try exact.searcher.search(query, k: 10)
            let bar = (wanted.last?.score ?? 0) - 2 * tolerance
            for entry in try fixture.searcher.search(query, k: 10) {
                let truth = try exact.searcher.score(query, passages: [entry.passage])[0]
                #expect(abs(truth - entry.score) < tolerance)
                if truth >= bar { agreed += 1 }
            }
        }
        #expect(agreed >= 295)
    }

    @Test(arguments: [VectorStructure.binary, .graph]) func nothingDependsOnThreadsOrBatches(structure: VectorStructure)
        throws
    {
        let vectors = clusteredVectors(1500, 32, seed: 5)
        let one = try VectorFixture(vectors, sizes: [1500], dimension: 32, VectorSettings(structure), threads: 1)
        let two = try VectorFixture(vectors, sizes: [1500], dimension: 32, VectorSettings(structure), threads: 2)
        let queries = clusteredVectors(20, 32, seed: 6)
        let batch = try one.searcher.search(queries, k: 7, .threads(1))
        #expect(try batch == two.searcher.search(queries, k: 7, .threads(2)))
        #expect(try batch == queries.map { try two.searcher.search($0, k: 7) })
    }

    /// A product of matrices chooses, yet every score and every tie is that of the query alone.
    @Test(arguments: RowFormat.allCases) func batchesOfQueriesAnswerLikeQueriesAlone(format: RowFormat) throws {
        let vectors =
            clusteredVectors(900, 40, seed: 7) + [[Float]](repeating: [Float](repeating: 0.5, count: 40), count: 60)
        let fixture = try VectorFixture(vectors, sizes: [960], dimension: 40, VectorSettings(.exact, .cosine, format))
        let queries = clusteredVectors(150, 40, seed: 8) + [[Float](repeating: 1, count: 40)]
        let batch = try fixture.searcher.search(queries, k: 12)
        #expect(try batch == queries.map { try fixture.searcher.search($0, k: 12) })
        #expect(batch.last?.map(\.passage.rawValue) == Array(900..<912))
        var options = VectorSearchOptions()
        var members = BitSet(bound: 960)
        for passage in 0..<960 where passage % 7 != 3 { members.insert(passage) }
        options.filter = PassageFilter(members)
        let filtered = try fixture.searcher.search(queries, k: 12, options)
        #expect(try filtered == queries.map { try fixture.searcher.search($0, k: 12, options) })
        #expect(filtered.joined().allSatisfy { $0.passage.rawValue % 7 != 3 })
    }

    @Test(arguments: VectorStructure.allCases, [0.001, 0.02, 0.2, 0.5, 0.95])
    func filtersKeepWhatTheyAllow(structure: VectorStructure, share: Double) throws {
        let vectors = clusteredVectors(6000, 32, seed: 9)
        let fixture = try VectorFixture(vectors, sizes: [5000, 1000], dimension: 32, VectorSettings(structure))
        var random = SplitMix64(seed: 10)
        var members = BitSet(bound: 6000)
        for passage in 0..<6000 where Double.random(in: 0..<1, using: &random) < share { members.insert(passage) }
        var options = VectorSearchOptions()
        options.filter = PassageFilter(members)
        let queries = clusteredVectors(25, 32, seed: 11)
        for found in try fixture.searcher.search(queries, k: 10, options) {
            #expect(found.count == min(10, members.count))
            #expect(found.allSatisfy { members.contains(Int($0.passage.rawValue)) })
        }
        #expect(try recall(fixture, queries, options) >= 0.95)
    }

    @Test(arguments: VectorStructure.allCases) func filtersThatAllowNothingFindNothing(structure: VectorStructure)
        throws
    {
        let fixture = try VectorFixture(
            clusteredVectors(300, 16, seed: 12), sizes: [300], dimension: 16, VectorSettings(structure))
        var options = VectorSearchOptions()
        options.filter = PassageFilter(BitSet(bound: 300))
        #expect(try fixture.searcher.search([Float](repeating: 1, count: 16), k: 5, options).isEmpty)
        // A filter that was made for fewer passages allows none of the others.
        options.filter = PassageFilter(BitSet(bound: 0))
        #expect(try fixture.searcher.search([Float](repeating: 1, count: 16), k: 5, options).isEmpty)
    }

    @Test(arguments: [VectorStructure.binary, .graph]) func oddVectorsAreAnswered(structure: VectorStructure) throws {
        // All alike, all zero, one alone, none.
        let ones = [[Float]](repeating: [1, 0, 0], count: 200)
        let alike = try VectorFixture(ones, sizes: [200], dimension: 3, VectorSettings(structure))
        #expect(try alike.searcher.search([1, 1, 0], k: 5).map(\.passage.rawValue) == [0, 1, 2, 3, 4])
        #expect(try alike.searcher.search([0, 0, 0], k: 500).count == 200)
        let zeros = try VectorFixture(
            [[Float]](repeating: [0, 0], count: 70), sizes: [70], dimension: 2, VectorSettings(structure))
        #expect(try zeros.searcher.search([1, 2], k: 3).map(\.score) == [0, 0, 0])
        let one = try VectorFixture([[3, 4]], sizes: [1, 0], dimension: 2, VectorSettings(structure))
        #expect(try one.searcher.search([3, 4], k: 3).map(\.score) == [1])
        for segment in alike.segments + zeros.segments + one.segments { try VectorSearcher.check(segment) }
    }

    /// Numbers at the ends of single precision, whose squares are none: answered, whatever the order.
    @Test(arguments: VectorStructure.allCases, [Metric.dot, .euclidean])
    func extremeNumbersAreAnswered(structure: VectorStructure, metric: Metric) throws {
        let extremes: [[Float]] = [
            [1e-38, 0, 0], [3e38, -3e38, 3e38], [.leastNonzeroMagnitude, 0, 0], [1, 2, 3], [0, 0, 0],
            [-3e38, 0, 1e-38],
        ]
        let vectors = (0..<90).map { extremes[$0 % extremes.count] }
        let fixture = try VectorFixture(vectors, sizes: [90], dimension: 3, VectorSettings(structure, metric))
        for segment in fixture.segments { try VectorSearcher.check(segment) }
        for query in extremes {
            #expect(try fixture.searcher.search(query, k: 7).count == 7)
            #expect(try fixture.searcher.search(query, k: .max).count == 90)
        }
    }

    @Test(arguments: VectorStructure.allCases) func moreThanThereAreCanBeAskedFor(structure: VectorStructure) throws {
        let vectors = clusteredVectors(3000, 16, seed: 13)
        let fixture = try VectorFixture(vectors, sizes: [3000], dimension: 16, VectorSettings(structure))
        #expect(try fixture.searcher.search(vectors[0], k: .max).count == 3000)
    }

    /// Many alike choose none of each other as neighbours' neighbours; every one must still be led to.
    @Test func everyVectorOfAGraphCanBeReached() throws {
        let twins = [[Float]](repeating: clusteredVectors(1, 16, seed: 20)[0], count: 300)
        let vectors = clusteredVectors(900, 16, seed: 14) + twins
        let fixture = try VectorFixture(vectors, sizes: [1200], dimension: 16, VectorSettings(.graph))
        guard case .graph(let graph) = fixture.searcher.segments[0].codes else { return #expect(Bool(false)) }
        var reached: Set<UInt32> = [graph.shape.entry]
        var open = [graph.shape.entry]
        while let vector = open.popLast() {
            for link in graph.neighbours(of: Int(vector)) where reached.insert(link).inserted { open.append(link) }
        }
        #expect(reached.count == 1200)
    }

    /// The walk itself, which plans seldom choose for so few vectors.
    @Test(arguments: [0.05, 0.3, 0.9]) func filteredWalksFindNearlyAllThatIsAllowed(share: Double) throws {
        let fixture = try VectorFixture(
            clusteredVectors(4000, 32, seed: 15), sizes: [4000], dimension: 32, VectorSettings(.graph))
        let segment = fixture.searcher.segments[0]
        guard case .graph(let graph) = segment.codes else { return #expect(Bool(false)) }
        var random = SplitMix64(seed: 16)
        var members = BitSet(bound: 4000)
        for row in 0..<4000 where Double.random(in: 0..<1, using: &random) < share { members.insert(row) }
        var options = VectorSearchOptions()
        options.filter = PassageFilter(members)
        options.isExact = true
        let allowed = try segment.allowed(options.filter)
        var hits = 0
        for values in clusteredVectors(20, 32, seed: 17) {
            let walk = GraphWalk(count: 4000, degree: Int(graph.shape.degree))
            let found = walk.nearest(VectorQuery(values, .cosine), in: graph, width: 60, allowed: allowed, limit: 60)
            #expect(found.allSatisfy { members.contains(Int($0)) })
            let exact = try fixture.searcher.search(values, k: 10, options).map(\.passage.rawValue)
            hits += exact.count { found.contains($0) }
        }
        #expect(hits >= 190)
    }

    @Test func theStructureSuitsTheNumberOfVectors() {
        let settings = VectorSettings()
        #expect(settings.structure(rowCount: 100) == .exact)
        #expect(settings.structure(rowCount: 50_000) == .binary)
        #expect(settings.structure(rowCount: 1_000_000) == .graph)
        #expect(VectorSettings(.exact).structure(rowCount: 1_000_000) == .exact)
    }

    @Test func graphSettingsThatMakeNoSenseAreRefused() throws {
        var settings = VectorSettings(.graph)
        settings.graph.degree = 1000
        #expect(throws: TrawlError.self) { try VectorFixture([[1]], sizes: [1], dimension: 1, settings) }
    }
}
