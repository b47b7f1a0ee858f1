import TrawlCore
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

    /// Runs all checks. A check that fails does not stop the others.
    func run() -> [CheckResult] {
        var results: [CheckResult] = []
        func check(_ name: String, _ body: () throws -> String?) {
            progress.begin("checking \(name)", total: nil, unit: "items")
            defer { progress.end() }
            do {
                results.append(CheckResult(name: name, passed: true, detail: try body()))
            } catch {
                results.append(CheckResult(name: name, passed: false, detail: "\(error)"))
            }
        }
        var opened: SearchIndex?
        check("manifest and recipe") {
            opened = try engine.open(path)
            return nil
        }
        guard let index = opened else { return results }
        check("checksums") { try verifyChecksums(index) }
        if index.documents.deletedDocumentCount > 0 { check("deletions") { try verifyDeletions(index) } }
        let context = CheckContext(models: engine.models, sample: sample, progress: progress)
        for part in index.parts { check(part.name) { try part.check(index, context) } }
        return results
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
