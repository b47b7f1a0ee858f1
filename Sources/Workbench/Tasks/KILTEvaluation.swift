import Foundation
public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation

/// Searches an index for the inputs of a KILT file: its documents are the pages, by their Wikipedia ids.
public struct KILTEvaluation {
    private let engine: Engine
    private let index: SearchIndex
    public let gold: KILTFile
    private let queries: [Query]

    /// - Throws: `TrawlError.invalidInput` for a gold record without an input.
    public init(_ engine: Engine, _ index: SearchIndex, gold: KILTFile) throws {
        self.engine = engine
        self.index = index
        self.gold = gold
        queries = try gold.records.map { record in
            guard let text = Query.text(record.input ?? "") else {
                throw TrawlError(
                    .invalidInput, "the gold record \(record.id) has no input to search for", path: gold.path,
                    remedy: "take a KILT file with inputs, or evaluate predictions or a run")
            }
            return Query(id: record.id, text: text)
        }
    }

    /// The pages of the gold outputs, and how many of them the index lacks.
    public func missingPages() throws -> (missing: Int, all: Int) {
        let pages = Set(gold.records.flatMap { $0.outputs.flatMap { $0.provenance ?? [] } })
        return (try pages.count { try !index.documents.contains(DocumentID($0)) }, pages.count)
    }

    public func evaluate(
        _ settings: SearchSettings, cutoffs: [Int], progress: any ProgressReporter = .silent
    ) throws -> (mode: SearchMode, report: KILTReport) {
        var settings = settings
        settings.collapsesDocuments = true
        let session = try engine.session(index, settings)
        let run = try Run(session.rankDocuments(queries, progress: progress))
        return (
            session.settings.mode ?? .hybrid, try KILTReport(KILTPredictions(run), against: gold, cutoffs: cutoffs)
        )
    }
}

extension Query {
    /// `text` as searches take it; nil if it is blank.
    static func text(_ text: String) -> String? {
        let text = text.precomposedStringWithCanonicalMapping.trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }
}
