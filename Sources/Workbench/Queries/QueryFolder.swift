import Foundation
import TrawlCore
import TrawlEvaluation

/// A folder of queries with their judgements in BEIR's layout: queries.jsonl and qrels.tsv.
public struct QueryFolder: Sendable {
    public let path: String
    public var queries: String { path + "/queries.jsonl" }
    public var qrels: String { path + "/qrels.tsv" }

    public init(_ path: String) { self.path = path }

    /// - Throws: `TrawlError.invalidInput` when the folder holds queries already.
    public func requireNew() throws {
        for file in [queries, qrels] where FileManager.default.fileExists(atPath: file) {
            throw TrawlError(.invalidInput, "this file exists already", path: file, remedy: "name another folder")
        }
    }

    /// Writes queries, equal texts as one that several documents answer.
    ///
    /// - Returns: the number of different queries.
    public func write(_ written: [WrittenQuery]) throws -> Int {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var lines = Data()
        var judgements = "query-id\tcorpus-id\tscore\n"
        let judged = JudgedQueries(written: written)
        for (query, entry) in zip(judged.queries, judged.entries) {
            lines += try encoder.encode(Line(_id: query.id, text: query.text)) + Data("\n".utf8)
            for document in entry.relevant.sorted(by: { $0.rawValue < $1.rawValue }) {
                judgements += "\(query.id)\t\(document.rawValue)\t1\n"
            }
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Data(judgements.utf8).write(to: URL(filePath: qrels), options: .atomic)
            try lines.write(to: URL(filePath: queries), options: .atomic)
        } catch {
            throw TrawlError(.io, "the queries cannot be written", path: path, cause: error)
        }
        return judged.count
    }

    private struct Line: Encodable {
        let _id: String
        let text: String
    }
}
