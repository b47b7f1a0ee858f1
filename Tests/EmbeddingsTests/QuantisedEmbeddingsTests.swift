import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEmbeddings

/// Against `sentence_transformers.util.quantization` (`eval/parity/chains_goldens.py`).
@Suite struct QuantisedEmbeddingsTests {
    private let golden: JSON
    private let matrix: EmbeddingMatrix

    init() throws {
        golden = try JSON(contentsOf: TestFiles.golden("quantised.json"))
        let rows = Self.numbers(golden["rows"])
        matrix = EmbeddingMatrix(
            count: rows.count, dimension: rows[0].count, values: rows.flatMap { $0 }.map { Float($0) })
    }

    private static func numbers(_ json: JSON?) -> [[Double]] {
        (json?.array ?? []).map { ($0.array ?? []).compactMap(\.double) }
    }

    @Test(arguments: [EmbeddingType.int8, .uint8, .binary, .ubinary])
    func valuesAreThoseOfSentenceTransformers(_ type: EmbeddingType) throws {
        let expected = Self.numbers(golden[type.rawValue])
        let got = try QuantisedEmbeddings(matrix, as: type)
        #expect(got.count == 9 && got.width == (type.hasRanges ? 11 : 2))
        for row in 0..<9 { #expect(got.values(row) == .integers(expected[row].map { Int($0) })) }
    }

    @Test func rangesAreTheLeastAndTheGreatestValues() throws {
        let expected = Self.numbers(golden["ranges"]).map { $0.map { Float($0) } }
        let ranges = try EmbeddingRanges(of: matrix)
        #expect(ranges == (try EmbeddingRanges(least: expected[0], greatest: expected[1])))
        // Beyond the ranges of others, values are the first or the last step.
        let one = EmbeddingMatrix(count: 1, dimension: 2, values: [-9, 9])
        let narrow = try EmbeddingRanges(least: [-1, -1], greatest: [1, 1])
        #expect(try QuantisedEmbeddings(one, as: .int8, ranges: narrow).values(0) == .integers([-128, 127]))
    }

    @Test func halvesAndWholesKeepTheirValues() throws {
        let one = EmbeddingMatrix(count: 1, dimension: 3, values: [0.1, -2, 65504])
        #expect(try QuantisedEmbeddings(one, as: .float32).values(0) == .fractions([0.1, -2, 65504]))
        #expect(try QuantisedEmbeddings(one, as: .float16).values(0) == .fractions([0.099975586, -2, 65504]))
        #expect(try QuantisedEmbeddings(one, as: .float16).bytes.count == 6)
    }

    @Test func rangesThatDoNotFitAreErrors() throws {
        let one = EmbeddingMatrix(count: 1, dimension: 2, values: [1, 2])
        #expect(throws: TrawlError.self) { try QuantisedEmbeddings(one, as: .int8) }
        #expect(throws: TrawlError.self) { try EmbeddingRanges(least: [1], greatest: [0]) }
        #expect(throws: TrawlError.self) { try EmbeddingRanges(least: [.nan], greatest: [0]) }
        let three = try EmbeddingRanges(least: [0, 0, 0], greatest: [1, 1, 1])
        #expect(throws: TrawlError.self) { try QuantisedEmbeddings(one, as: .uint8, ranges: three) }
    }
}
