import TrawlCore
import TrawlSenses
import TrawlStore

/// The outcome of one check of an index.
public struct CheckResult: Encodable, Sendable {
    public let name: String
    public let passed: Bool
    /// What was verified, or what is wrong.
    public let detail: String?
}

/// Verifies every structure of an index against its documents.
struct IndexChecker {
    let path: String
    /// The most passages for checks that take as long as indexing them.
    let sample: Int
    let engine: Engine
    let progress: any ProgressReporter

    /// Runs all checks. A check that fails does not stop the others, unless it shows that the index cannot be opened.
    func run() -> [CheckResult] {
        var opened: SearchIndex?
        let pages = check("pages") { "\(try Store.open(at: path).verifyPages()) in use" }
        let manifest = check("manifest and recipe") {
            opened = try engine.open(path)
            return nil
        }
        return [pages, manifest] + (opened.map(run) ?? [])
    }

    /// Runs the checks of what an open index holds.
    func run(_ index: SearchIndex) -> [CheckResult] {
        var results = [check("checksums") { try verifyChecksums(index) }]
        if index.documents.deletedDocumentCount > 0 {
            results.append(check("deletions") { try verifyDeletions(index) })
        }
        results += checkAttachments(index)
        let context = CheckContext(models: engine.models, sample: sample, progress: progress)
        return results + index.parts.map { part in check(part.name) { try part.check(index, context) } }
    }

    /// Whether what is stored beside the segments can be read.
    private func checkAttachments(_ index: SearchIndex) -> [CheckResult] {
        let attachments: [(stored: String, name: String, read: () throws -> String?)] = [
            (
                CorpusFileTable.metadataName, "corpus files",
                { try index.corpusFiles().map { "\($0.entries.count) files" } }
            ),
            (SearchIndex.fusionName, "fitted fusion", { try index.fittedFusion().map { _ in "readable" } }),
            (
                SearchIndex.queryAdapterName, "query adapter",
                { try index.queryAdapter().map { "\($0.dimension) dimensions" } }
            ),
            (SearchIndex.sensesName, "senses", { try index.senses().map { "\($0.model.words.count) words" } }),
        ]
        return attachments.compactMap { stored, name, read in
            // One that cannot be found fails its check.
            let isThere = (try? index.snapshot.metadata(stored) != nil) ?? true
            return isThere ? check(name, read) : nil
        }
    }

    private func check(_ name: String, _ body: () throws -> String?) -> CheckResult {
        progress.begin("checking \(name)", total: nil, unit: "items")
        defer { progress.end() }
        do {
            return CheckResult(name: name, passed: true, detail: try body())
        } catch {
            return CheckResult(name: name, passed: false, detail: "\(error)")
        }
    }

    private func verifyChecksums(_ index: SearchIndex) throws -> String? {
        var bytes = 0
        for segment in index.snapshot.segments {
            for reader in [segment] + (segment.deletionReader.map { [$0] } ?? []) {
                try reader.verifyAllChecksums { size in
                    bytes += size
                    progress.advance(1)
                }
            }
        }
        return "\(bytes) bytes"
    }

    private func verifyDeletions(_ index: SearchIndex) throws -> String? {
        for segment in index.documents.segments {
            try segment.verifyDeletions()
            progress.advance(Int(segment.reader.info.documentCount))
            for part in index.parts { try part.checkDeletions(segment.reader) }
        }
        return "\(index.documents.deletedDocumentCount) documents"
    }
}
