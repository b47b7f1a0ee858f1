import Foundation
import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlVectorIndex

/// Segments whose parts contradict each other are refused when they are opened, and lead no search out of bounds.
@Suite struct VectorDamageTests {
    /// A segment of `count` vectors with the shape of a graph, whose other parts `write` writes. Its files are unlinked
    /// when it is returned, and stay open.
    private func segment(
        count: Int = 4, structure: VectorStructure = .graph, _ write: (SegmentWriter) throws -> Void
    ) throws -> SegmentReader {
        let folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        let writer = session.newSegment()
        let rows = writer.blob(VectorSegment.rows, recordSize: 8)
        for _ in 0..<count { try rows.append(contentsOf: [Float(1), 0]) }
        try rows.finish()
        try writer.put(
            VectorSegment.shape, VectorSegment.onlyKey,
            VectorShape(
                rowCount: UInt64(count), dimension: 2, metric: Metric.cosine.rawValue, format: 0,
                structure: structure.rawValue))
        try write(writer)
        try session.commit(segments: [
            SegmentInfo(number: writer.number, documentCount: UInt32(count), passageCount: UInt32(count))
        ])
        return try Store.open(at: folder.path).snapshot().segments[0]
    }

    private func writeGraph(
        _ writer: SegmentWriter, rowCount: UInt64 = 4, entry: UInt32 = 0, links: [UInt32], codes: Int = 4
    ) throws {
        try writer.putCentre([0, 0])
        try writer.put(
            VectorSegment.graph, VectorSegment.onlyKey,
            GraphShape(rowCount: rowCount, degree: 4, entry: entry, lift: 0))
        let blob = writer.blob(VectorSegment.links, recordSize: 16)
        try blob.append(contentsOf: links)
        try blob.finish()
        let nibbles = writer.blob(VectorSegment.nibbles, recordSize: 72)
        try nibbles.append(contentsOf: [UInt8](repeating: 0, count: 72 * codes))
        try nibbles.finish()
    }

    private func refuses(_ text: String, _ write: (SegmentWriter) throws -> Void) throws {
        let segment = try segment(write)
        let error = #expect(throws: TrawlError.self) { try VectorSearcher([segment]) }
        #expect("\(error as Any)".contains(text))
    }

    @Test func contradictionsAreRefused() throws {
        let whole = [UInt32](repeating: noLink, count: 16)
        try refuses("the graph is missing") { _ in }
        try refuses("as many vectors") { try writeGraph($0, links: Array(whole.prefix(12))) }
        try refuses("as many vectors") { try writeGraph($0, links: whole, codes: 3) }
        try refuses("the shape of the graph") { try writeGraph($0, entry: 4, links: whole) }
        try refuses("the shape of the graph") { try writeGraph($0, rowCount: 5, links: whole) }
    }

    @Test func signCodesThatAreTooFewAreRefused() throws {
        let segment = try segment(count: 65, structure: .binary) { writer in
            try writer.putCentre([0, 0])
            let size = SignCodes.tileBytes(codeDimension: 128, metric: .cosine)
            let blob = writer.blob(VectorSegment.signs, recordSize: size)
            try blob.append(contentsOf: [UInt8](repeating: 0, count: size))
            try blob.finish()
        }
        let error = #expect(throws: TrawlError.self) { try VectorSearcher([segment]) }
        #expect("\(error as Any)".contains("sign code"))
    }

    @Test func linksThatLeadOutOfTheGraphAreNotFollowedAndFoundByTheCheck() throws {
        let segment = try segment { writer in
            try writeGraph(writer, links: [1, 2, 99_999_999, 3] + [UInt32](repeating: noLink, count: 12))
        }
        var options = VectorSearchOptions()
        options.width = 4
        #expect(try VectorSearcher([segment]).search([1, 0], k: 1, options).count == 1)
        let error = #expect(throws: TrawlError.self) { try VectorSearcher.check(segment) }
        #expect("\(error as Any)".contains("links of vector 0"))
    }

    @Test func linksBehindAGapAreFoundByTheCheck() throws {
        let segment = try segment { writer in
            try writeGraph(writer, links: [1, noLink, 2, noLink] + [UInt32](repeating: noLink, count: 12))
        }
        #expect(throws: TrawlError.self) { try VectorSearcher.check(segment) }
    }

    @Test func shapesThatMakeNoSenseAreRefused() throws {
        for (format, structure) in [(UInt8(9), UInt8(0)), (0, 7)] {
            let segment = try segment { writer in
                try writer.put(
                    VectorSegment.shape, VectorSegment.onlyKey,
                    VectorShape(rowCount: 4, dimension: 2, metric: 1, format: format, structure: structure))
            }
            #expect(throws: TrawlError.self) { try VectorSearcher([segment]) }
        }
    }
}
