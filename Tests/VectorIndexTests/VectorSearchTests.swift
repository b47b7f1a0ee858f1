import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlVectorIndex

@Suite struct VectorSearchTests {
    static func naive(_ a: [Float], _ b: [Float], _ metric: Metric) -> Double {
        let pairs = zip(a, b).map { (Double($0), Double($1)) }
        let product = pairs.reduce(0) { $0 + $1.0 * $1.1 }
        switch metric {
        case .dot: return product
        case .cosine:
            let (x, y) = (pairs.reduce(0) { $0 + $1.0 * $1.0 }, pairs.reduce(0) { $0 + $1.1 * $1.1 })
            return product / (x * y).squareRoot()
        case .euclidean: return -pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
    }

    @Test(arguments: Metric.allCases) func findsWhatANaiveSearchFinds(metric: Metric) throws {
        let vectors = randomVectors(500, 20, seed: 1)
        let fixture = try VectorFixture(vectors, sizes: [200, 0, 1, 299], dimension: 20, metric)
        for query in randomVectors(5, 20, seed: 77) {
            let scores = vectors.map { Self.naive(query, $0, metric) }
            let expected = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(10)
            let ranking = try fixture.searcher.search(query, k: 10)
            #expect(ranking.map { Int($0.passage.rawValue) } == Array(expected))
            for entry in ranking { #expect(abs(Double(entry.score) - scores[Int(entry.passage.rawValue)]) < 1e-4) }
            let passages = ranking.map(\.passage)
            #expect(try fixture.searcher.score(query, passages: passages) == ranking.map(\.score))
        }
    }

    @Test func resultsDoNotDependOnThreadsBatchesOrSegments() throws {
        // 1,200 rows of 1 KiB fill two chunks.
        let vectors = randomVectors(1200, 256, seed: 1)
        let one = try VectorFixture(vectors, sizes: [1200], dimension: 256)
        let many = try VectorFixture(vectors, sizes: [7, 1100, 93], dimension: 256)
        let queries = randomVectors(67, 256, seed: 9)
        let batch = try one.searcher.search(queries, k: 25, .threads(1))
        #expect(batch == (try one.searcher.search(queries, k: 25, .threads(2))))
        #expect(batch == (try many.searcher.search(queries, k: 25, .threads(3))))
        for (number, query) in queries.enumerated().prefix(5) {
            #expect(try many.searcher.search(query, k: 25) == batch[number])
        }
        #expect(batch[0].count == 25)
    }

    @Test func duplicatesTieInTheOrderOfPassages() throws {
        let row: [Float] = [0.6, 0.8]
        let vectors = [[0, 1], row, row, [1, 0], row] as [[Float]]
        let fixture = try VectorFixture(vectors, sizes: [2, 3], dimension: 2)
        let ranking = try fixture.searcher.search(row, k: 100)
        #expect(ranking.map(\.passage.rawValue) == [1, 2, 4, 0, 3])
        #expect(try fixture.searcher.search(row, k: 2).map(\.passage.rawValue) == [1, 2])
        #expect(try fixture.searcher.search(row, k: 0).isEmpty)
    }

    @Test func cosineBringsVectorsToLengthOneAndKeepsUnitOnesAsTheyAre() throws {
        let vectors: [[Float]] = [[3, 4], [0.6, 0.8], [0, 0]]
        let fixture = try VectorFixture(vectors, sizes: [3], dimension: 2)
        #expect(try fixture.searcher.vector(of: PassageID(0)) == [0.6, 0.8])
        #expect(try fixture.searcher.vector(of: PassageID(1)) == [0.6, 0.8])
        #expect(try fixture.searcher.score([30, 40], passages: [PassageID(0), PassageID(2)]) == [1, 0])
    }

    @Test func emptyIndexesAnswerNothing() throws {
        let fixture = try VectorFixture([], sizes: [0], dimension: 4)
        #expect(try fixture.searcher.search([1, 2, 3, 4], k: 3).isEmpty)
        #expect(try VectorSearcher([]).search([[1, 2], [3, 4]], k: 3).allSatisfy(\.isEmpty))
        #expect(try fixture.searcher.search([[Float]](), k: 3).isEmpty)
    }

    @Test func badQueriesAndPassagesAreRefused() throws {
        let fixture = try VectorFixture([[1, 0], [0, 1]], sizes: [2], dimension: 2)
        #expect(errorText { _ = try fixture.searcher.search([1, 2, 3], k: 1) }.contains("3 dimensions, the index 2"))
        #expect(errorText { _ = try fixture.searcher.search([1, .nan], k: 1) }.contains("nan at position 1"))
        #expect(errorText { _ = try fixture.searcher.score([1, 0], passages: [PassageID(2)]) }.contains("passage 2"))
        #expect(errorText { _ = try fixture.searcher.vector(of: PassageID(9)) }.contains("passage 9"))
    }

    @Test func badRowsAreRefusedByNumber() throws {
        let folder = try TemporaryFolder()
        let writer = try Store.create(at: folder.path).write().newSegment()
        #expect(errorText { _ = try VectorSegmentBuilder(dimension: 0, into: writer) }.contains("0 dimensions"))
        let builder = try VectorSegmentBuilder(dimension: 2, into: writer)
        try builder.append([1, 2])
        #expect(
            errorText { try builder.append([1, 2, .infinity, 4]) }.contains("passage 2 has the value inf at position 0")
        )
        #expect(errorText { try builder.append([1, 2, 3]) }.contains("3 values"))
        #expect(builder.rowCount == 1)
    }

    @Test func segmentsOfAnotherShapeAreRefused() throws {
        let two = try VectorFixture([[1, 0]], sizes: [1], dimension: 2)
        let three = try VectorFixture([[1, 0, 0]], sizes: [1], dimension: 3)
        let dot = try VectorFixture([[1, 0]], sizes: [1], dimension: 2, .dot)
        #expect(errorText { _ = try VectorSearcher(two.segments + three.segments) }.contains("3 dimensions"))
        #expect(errorText { _ = try VectorSearcher(two.segments + dot.segments) }.contains("metric"))
    }

    @Test func checkAcceptsWholeVectors() throws {
        for metric in Metric.allCases {
            let fixture = try VectorFixture(randomVectors(50, 9, seed: 1), sizes: [30, 20], dimension: 9, metric)
            for segment in fixture.segments {
                try VectorSearcher.check(segment)
            }
        }
    }
}
