import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// An index that is made to agree with a folder, again and again.
@Suite struct SynchronisationTests {
    private let folder: TemporaryFolder
    private let engine = Engine()

    init() throws { folder = try TemporaryFolder() }

    private var notes: String { folder.path + "/notes" }
    private var index: String { folder.path + "/notes.trawl" }

    private func write(_ name: String, _ text: String) throws {
        let path = notes + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        // A change in the same tick of the clock would not be seen.
        usleep(20_000)
    }

    private func build(_ parts: [String] = ["lexical"]) throws {
        var recipe = IndexRecipe(build: parts)
        recipe.corpus.paths = [notes]
        try engine.build(RecipeFile(recipe), at: index)
    }

    private func synchronise() throws -> SynchronisationReport {
        try engine.synchronise(index, with: CorpusRecipe().reader(paths: [notes]))
    }

    private func documents() throws -> [String: String] {
        var found: [String: String] = [:]
        try engine.open(index).documents.forEachDocument { found[$0.id.rawValue] = $0.text }
        return found
    }

    @Test func addsReplacesAndRemoves() throws {
        try write("a.txt", "first")
        try write("deep/b.txt", "second")
        try write("c.txt", "third")
        try build()
        #expect(try synchronise().filesRead == 0)

        try write("a.txt", "first, changed")
        try write("d.txt", "fourth")
        try FileManager.default.removeItem(atPath: notes + "/c.txt")
        let report = try synchronise()
        #expect(report.added == 1 && report.replaced == 1 && report.removed == 1)
        #expect(report.filesRead == 2 && report.filesUnchanged == 1)
        #expect(
            try documents() == ["a.txt": "first, changed", "deep/b.txt": "second", "d.txt": "fourth"])
        #expect(try synchronise().filesRead == 0)
    }

    @Test func anotherSpellingOfThePathIsTheSameFolder() throws {
        try write("a.txt", "first")
        try build()
        let report = try engine.synchronise(index, with: CorpusRecipe().reader(paths: [notes + "/../notes/"]))
        #expect(report.filesRead == 0 && report.filesUnchanged == 1)
    }

    @Test func touchedFileReplacesNothingThatIsTheSame() throws {
        try write("a.jsonl", #"{"id": "1", "text": "one"}"# + "\n" + #"{"id": "2", "text": "two"}"#)
        try write("b.jsonl", #"{"id": "3", "text": "three"}"#)
        try build()
        try write("a.jsonl", #"{"id": "1", "text": "one"}"# + "\n" + #"{"id": "2", "text": "TWO"}"#)
        var report = try synchronise()
        #expect(report.added == 0 && report.replaced == 1 && report.removed == 0)
        try write("a.jsonl", #"{"id": "2", "text": "TWO"}"#)
        report = try synchronise()
        #expect(report.added == 0 && report.replaced == 0 && report.removed == 1)
        #expect(try documents() == ["2": "TWO", "3": "three"])
    }

    @Test func documentThatMovesToAnotherFileStays() throws {
        try write("a.jsonl", #"{"id": "1", "text": "one"}"#)
        try write("b.jsonl", #"{"id": "2", "text": "two"}"#)
        try build()
        try write("a.jsonl", "")
        try write("b.jsonl", #"{"id": "2", "text": "two"}"# + "\n" + #"{"id": "1", "text": "one"}"#)
        _ = try synchronise()
        #expect(try documents() == ["1": "one", "2": "two"])
        try FileManager.default.removeItem(atPath: notes + "/a.jsonl")
        _ = try synchronise()
        #expect(try documents() == ["1": "one", "2": "two"])
    }

    @Test func idOfAFileThatDidNotChangeIsRefused() throws {
        try write("a.jsonl", #"{"id": "1", "text": "one"}"#)
        try build()
        try write("b.jsonl", #"{"id": "1", "text": "another"}"#)
        #expect(errorText { _ = try synchronise() }.contains("not unique"))
        #expect(try documents() == ["1": "one"])
    }

    @Test func addedDocumentsStay() throws {
        try write("a.txt", "first")
        try build()
        try engine.add(DocumentList([Document(id: "mine", text: "by hand")]), to: index)
        try write("a.txt", "first, changed")
        _ = try synchronise()
        #expect(try documents() == ["a.txt": "first, changed", "mine": "by hand"])
    }

    @Test func everyFileMayGo() throws {
        try write("a.txt", "first")
        try write("b.txt", "second")
        try build()
        try FileManager.default.removeItem(atPath: notes + "/a.txt")
        try FileManager.default.removeItem(atPath: notes + "/b.txt")
        try write("empty.txt", " ")
        #expect(try synchronise().removed == 2)
        #expect(try documents().isEmpty)
        try write("a.txt", "again")
        #expect(try synchronise().added == 1)
    }

    @Test func fileThatCannotBeReadKeepsItsDocuments() throws {
        try write("a.txt", "first")
        try write("b.txt", "second")
        try build()
        try Data([0x66, 0xFF, 0xFE, 0x80]).write(to: URL(fileURLWithPath: notes + "/a.txt"))
        let report = try synchronise()
        #expect(report.removed == 0 && report.replaced == 0)
        #expect(try documents() == ["a.txt": "first", "b.txt": "second"])
        try write("a.txt", "first again")
        #expect(try synchronise().replaced == 1)
    }

    @Test func whatAnIgnoreFileNamesIsRemoved() throws {
        try write("a.txt", "first")
        try write("build/b.txt", "second")
        try build()
        try write(".gitignore", "build/\n")
        let report = try synchronise()
        #expect(report.removed == 1 && report.added == 0)
        #expect(try documents() == ["a.txt": "first"])
    }

    @Test func aDamagedListOfFilesIsNoticed() throws {
        try write("a.txt", "first")
        try build()
        #expect(try engine.check(index).contains { $0.name == "corpus files" && $0.detail == "1 files" && $0.passed })
        let session = try Store.open(at: index).write()
        session.setMetadata(CorpusFileTable.metadataName, bytes: Array("1\tmuch\t2\ta.txt\0".utf8))
        try session.commit(segments: session.manifest.segments)
        let failed = try engine.check(index).filter { !$0.passed }
        #expect(failed.map(\.name) == ["corpus files"])
        #expect(failed.first?.detail?.contains("the list of the corpus's files is damaged") == true)
    }

    @Test func otherFolderIsRefused() throws {
        try write("a.txt", "first")
        try build()
        try FileManager.default.createDirectory(atPath: folder.path + "/other", withIntermediateDirectories: true)
        try "else".write(toFile: folder.path + "/other/a.txt", atomically: true, encoding: .utf8)
        let other = try CorpusRecipe().reader(paths: [folder.path + "/other"])
        #expect(errorText { _ = try engine.synchronise(index, with: other) }.contains("was built of"))
        #expect(try documents() == ["a.txt": "first"])
    }

    /// Numbers that stand for ids do not depend on which files have changed.
    @Test func numberedDocumentsKeepTheirNumbers() throws {
        try write("a.jsonl", #"{"text": "one"}"#)
        try write("b.jsonl", #"{"text": "two"}"#)
        try build()
        try write("b.jsonl", #"{"text": "two"}"# + "\n" + #"{"text": "three"}"#)
        let report = try synchronise()
        #expect(report.added == 1 && report.replaced == 0 && report.removed == 0)
        #expect(try documents() == ["a.jsonl:1": "one", "b.jsonl:1": "two", "b.jsonl:2": "three"])
    }

    @Test func documentThatWasAddedIsNotReplacedByAFile() throws {
        try write("a.txt", "first")
        try build()
        try engine.add(DocumentList([Document(id: "b.txt", text: "by hand")]), to: index)
        try write("b.txt", "from a file")
        #expect(errorText { _ = try synchronise() }.contains("not unique"))
        #expect(try documents()["b.txt"] == "by hand")
    }

    /// Random changes of files: after each, the index is the one that a fresh build gives.
    @Test func agreesWithAFreshBuildAfterAnyChange() throws {
        var random = SplitMix64(seed: 9)
        try write("0.txt", "start")
        try build()
        for round in 0..<40 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let name = "\(Int.random(in: 0...5, using: &random)).txt"
                if Bool.random(using: &random) {
                    try write(name, "text \(Int.random(in: 0...3, using: &random))")
                } else if name != "0.txt" {
                    try? FileManager.default.removeItem(atPath: notes + "/" + name)
                }
            }
            _ = try synchronise()
            var expected: [String: String] = [:]
            let fresh = try CorpusRecipe().documents(paths: [notes])
            while let document = try fresh.next() { expected[document.id.rawValue] = document.text }
            #expect(try documents() == expected, "round \(round)")
        }
        #expect(try engine.check(index).filter { !$0.passed }.isEmpty)
    }
}
