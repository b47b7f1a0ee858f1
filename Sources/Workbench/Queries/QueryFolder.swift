import Foundation
import TrawlCore
import TrawlEvaluation

/// A folder of queries with their judgements in BEIR's layout: queries.jsonl and qrels.tsv.
public struct QueryFolder: Sendable {
    public let path: String
    public var queries: String { path + "/queries.jsonl" }
    public var qrels: String { path + "/qrels.tsv" }

    public init(_ path: String) { self.path = path }

    /// Finds out before the work whether queries can be written.
    ///
    /// - Parameter replacing: Whether queries that the folder holds already are replaced, or an error.
    /// - Throws: `TrawlError` for such queries, and for a folder that cannot be written to.
    public func check(replacing: Bool = false) throws {
        try OutputFolder.check(path)
        for file in [queries, qrels] where !replacing && FileManager.default.fileExists(atPath: file) {
            throw TrawlError(
                .invalidInput, "this file exists already", path: file, remedy: "name another folder",
                topic: .replacement)
        }
    }

    /// Writes queries, equal texts as one that several documents answer.
    ///
    /// - Returns: the number of different queries.
    public func write(_ written: [WrittenQuery]) throws -> Int {
        var lines: [UInt8] = []
        var judgements = "query-id\tcorpus-id\tscore\n"
        let judged = JudgedQueries(written: written)
        for (query, entry) in zip(judged.queries, judged.entries) {
            lines += try [UInt8](json: Line(_id: query.id, text: query.text)) + [UInt8(ascii: "\n")]
            for document in entry.relevant.sorted(by: { $0.rawValue < $1.rawValue }) {
                judgements += "\(query.id)\t\(document.rawValue)\t1\n"
            }
        }
        try OutputFolder.make(path)
        try OutputFile(qrels).write(judgements)
        try OutputFile(queries).write(lines)
        return judged.count
    }

    private struct Line: Encodable {
        let _id: String
        let text: String
    }
}
