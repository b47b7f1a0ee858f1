import Foundation
public import TrawlCore
import TrawlGeneration
import TrawlLexicalIndex
import TrawlStore
import TrawlSubstringIndex
import TrawlTokenizers
import TrawlVectorIndex

/// The outcome of one check of an index.
public struct CheckResult: Encodable, Sendable {
    public let name: String
    public let passed: Bool
    /// What was verified, or what is wrong.
    public let detail: String?
}

/// Verifies every structure of an index against its documents.
public struct IndexChecker {
    private let path: String
    private let sample: Int
    private let progress: any ProgressReporter

    /// - Parameter sample: How many passages the checks look at that would take as long as indexing.
    public init(path: String, sample: Int, progress: any ProgressReporter) throws {
        self.path = path
        self.sample = sample
        self.progress = progress
    }

    /// Runs all checks. A check that fails does not stop the others.
    public func run() throws -> [CheckResult] {
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
        check("manifest, recipe and documents' layout") {
            opened = try SearchIndex(path: path)
            return nil
        }
        guard let index = opened else { return results }
        check("checksums") { try verifyChecksums(index) }
        check("documents and ids") { try verifyDocuments(index) }
        if index.documents.deletedDocumentCount > 0 { check("deletions") { try verifyDeletions(index) } }
        if index.recipe.build.contains(.lexical) { check("lexical index") { try verifyLexical(index) } }
        if index.recipe.build.contains(.generative) { check("substring index") { try verifySubstrings(index) } }
        if index.recipe.build.contains(.dense) { check("vectors") { try verifyVectors(index) } }
        return results
    }

    private func verifyChecksums(_ index: SearchIndex) throws -> String? {
        var bytes = 0
        for segment in index.snapshot.segments {
            for reader in [segment] + (segment.deletionReader.map { [$0] } ?? []) {
                for (kind, size) in try reader.blobSizes() {
                    try reader.verifyChecksums(BlobKind(number: kind, "blob \(kind)"))
                    bytes += size
                    progress.advance(1)
                }
            }
        }
        return "\(bytes) bytes"
    }

    private func verifyDocuments(_ index: SearchIndex) throws -> String? {
        var passages = 0
        var number: UInt32 = 0
        for segment in index.documents.segments {
            for local in 0..<segment.reader.info.documentCount {
                let document = try index.documents.document(segment, local)
                guard try segment.reader.record(DocumentTables.ids, document.id.rawValue.utf8) == local,
                    try index.documents.documentID(number) == document.id
                else { throw failure("the id \"\(document.id)\" does not lead to its document") }
                for range in document.passages {
                    guard isBoundary(range.lowerBound, document.text), isBoundary(range.upperBound, document.text)
                    else {
                        throw failure("a passage of \"\(document.id)\" cuts a character")
                    }
                }
                passages += document.passages.count
                number += 1
                progress.advance(1)
                guard !segment.isDead(document: local) else { continue }
                // An id may have been used again; then only its last document is live.
                guard let found = try index.documents.place(of: document.id), found.document == local,
                    index.documents.segments[found.segment].reader.info.number == segment.reader.info.number
                else { throw failure("the id \"\(document.id)\" has two live documents") }
            }
        }
        let expected = index.documents.passageCount + index.documents.deletedPassageCount
        guard passages == expected else {
            throw failure("documents have \(passages) passages, the manifest counts \(expected)")
        }
        return "\(index.documents.documentCount) documents, \(index.documents.passageCount) passages"
    }

    private func verifyDeletions(_ index: SearchIndex) throws -> String? {
        for segment in index.documents.segments {
            guard let deletions = segment.deletions else { continue }
            try deletions.check()
            for document in 0..<segment.reader.info.documentCount {
                let isDead = segment.isDead(document: document)
                for passage in try index.documents.passages(of: document, in: segment)
                where deletions.passages.contains(Int(passage)) != isDead {
                    throw failure("passage \(passage) of document \(document) contradicts the deletion of documents")
                }
                progress.advance(1)
            }
            if index.recipe.build.contains(.lexical) { try LexicalDeletions.check(segment.reader) }
            if index.recipe.build.contains(.generative) { try SubstringDeletions.check(segment.reader) }
        }
        return "\(index.documents.deletedDocumentCount) documents"
    }

    private func isBoundary(_ offset: Int, _ text: String) -> Bool {
        let bytes = text.utf8
        guard offset < bytes.count else { return offset == bytes.count }
        return bytes[bytes.index(bytes.startIndex, offsetBy: offset)] & 0xC0 != 0x80
    }

    private func verifyLexical(_ index: SearchIndex) throws -> String? {
        for segment in index.snapshot.segments {
            try LexicalSearcher.check(segment, settings: index.recipe.lexical.analysis, progress: progress) { local in
                let passage = try index.documents.passage(PassageID(segment.passageBase + UInt32(local)))
                return passageText(title: passage.title, text: passage.text)
            }
        }
        return "postings equal a new analysis of all passages"
    }

    private func verifySubstrings(_ index: SearchIndex) throws -> String? {
        let substrings = try index.substringIndex()
        let tokens = PassageTokenReader(index, try index.generativeTokenizer())
        guard substrings.passageCount == index.documents.passageCount else {
            throw failure("the substring index has \(substrings.passageCount) passages")
        }
        try substrings.check(sample: sample) { id in
            try tokens.tokens(of: id, boundary: substrings.boundary)
        }
        return "\(substrings.totalTokens) tokens"
    }

    private func verifyVectors(_ index: SearchIndex) throws -> String? {
        for segment in index.snapshot.segments { try VectorSearcher.check(segment) }
        let retriever = try DenseRetriever(index, index.recipe.dense)
        let count = min(sample, index.documents.passageCount)
        let live = try index.snapshot.segments.flatMap { segment in
            try segment.livePassages().map { $0.lowerBound + segment.passageBase..<$0.upperBound + segment.passageBase }
        }
        // An even sample, the same at every run.
        let chosen = evenly(count, of: live)
        let difference = try retriever.largestDifference(chosen, of: index.recipe.dense) {
            id in
            let passage = try index.documents.passage(id)
            return passageText(title: passage.title, text: passage.text)
        }
        guard difference < 1e-3 else { throw failure("vectors differ from new embeddings by up to \(difference)") }
        return "\(count) embedded again, largest difference \(difference)"
    }

    /// `count` of the numbers in `runs`, at equal distances; no more than there are.
    private func evenly(_ count: Int, of runs: [Range<UInt32>]) -> [PassageID] {
        let total = runs.reduce(0) { $0 + $1.count }
        var chosen: [PassageID] = []
        var (run, before) = (0, 0)
        for number in 0..<count {
            let wanted = number * total / max(1, count)
            while run < runs.count, wanted - before >= runs[run].count {
                before += runs[run].count
                run += 1
            }
            guard run < runs.count else { break }
            chosen.append(PassageID(runs[run].lowerBound + UInt32(wanted - before)))
        }
        return chosen
    }

    private func failure(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, path: path, remedy: "build the index again")
    }
}
