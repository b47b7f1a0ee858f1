import Foundation
import Synchronization
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport
import TrawlVectorIndex

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

/// A build that is interrupted, and the next one.
@Suite struct InterruptedBuildTests {
    private struct Stop: Error {}

    /// Documents of which the last is an error.
    private final class Failing: DocumentSource {
        let totalBytes: Int? = nil
        let bytesRead = 0
        let warnings: [String] = []
        private var documents: [Document]

        init(_ documents: [Document]) { self.documents = documents.reversed() }

        func next() throws -> Document? {
            guard let next = documents.popLast() else { throw Stop() }
            return next
        }
    }

    /// What was warned of.
    private final class Warnings: ProgressReporter {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func begin(_ step: String, total: Int?, unit: String) {}
        func advance(_ count: Int) {}
        func end() {}
        func note(_ message: String) {}
        func warn(_ message: String) { texts.withLock { $0.append(message) } }
    }

    @Test func nextRunUsesTheEmbeddingsOfTheFirst() throws {
        let folder = try TemporaryFolder()
        let (path, fresh) = (folder.path + "/a.trawl", folder.path + "/b.trawl")
        // More than are read ahead to find the language.
        let documents = try (0..<300).map { try Document(id: "\($0)", text: "The number \($0) stands here.") }
        let file = RecipeFile(IndexRecipe(build: ["dense"]))
        let (engine, warnings) = (Engine(), Warnings())
        func builder(_ path: String) -> IndexBuilder {
            // A segment for every few documents.
            IndexBuilder(file, output: path, engine: engine, progress: warnings, segmentTextBytes: 2000)
        }
        #expect(throws: Stop.self) { try builder(path).run(Failing(Array(documents.prefix(260)))) }
        #expect(!Store.exists(at: path) && FileManager.default.fileExists(atPath: path + "/unfinished/embeddings"))
        try builder(path).run(DocumentList(documents))
        #expect(warnings.all.contains { $0.hasPrefix("using ") && $0.hasSuffix(" embeddings of an interrupted run") })
        #expect(!FileManager.default.fileExists(atPath: path + "/unfinished"))
        try builder(fresh).run(DocumentList(documents))
        let vectors = try [path, fresh].map { try engine.open($0).open(VectorsPart()) }
        for passage in 0..<UInt32(300) {
            #expect(try vectors[0].vector(of: PassageID(passage)) == vectors[1].vector(of: PassageID(passage)))
        }
    }
}

/// What an interrupted build leaves.
@Suite struct EmbeddingLogTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func keepsWhatWasAppended() throws {
        do {
            let log = try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2)
            try log.append(["a", "b"], [1, 2, 3, 4])
            try log.append(["é"], [5, 6])
        }
        let log = try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2)
        #expect(log.count == 3)
        #expect(try vectors(["b", "é", "c"], log) == [[3, 4], [5, 6], nil] as [[Float]?])
    }

    private func vectors(_ texts: [String], _ log: EmbeddingLog) throws -> [[Float]?] {
        try texts.map { try log.vector(of: $0) }
    }

    @Test func otherModelStartsAnew() throws {
        do { try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2).append(["a"], [1, 2]) }
        #expect(try EmbeddingLog(folder: folder.path, identity: "n", dimension: 2).count == 0)
        #expect(try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2).count == 0)
    }

    /// Cut or changed at any byte, the log gives right embeddings or none.
    @Test func damageLosesNoMoreThanItTouches() throws {
        let path = folder.path + "/embeddings"
        do {
            try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2).append(
                ["first", "second", "third"], [1, 2, 3, 4, 5, 6])
        }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let expected: [String: [Float]] = ["first": [1, 2], "second": [3, 4], "third": [5, 6]]
        for place in whole.indices {
            for damaged in [Array(whole[..<place]), whole.enumerated().map { $0 == place ? $1 ^ 0x5A : $1 }] {
                try Data(damaged).write(to: URL(fileURLWithPath: path))
                let log = try EmbeddingLog(folder: folder.path, identity: "m", dimension: 2)
                for (text, vector) in expected {
                    let found = try log.vector(of: text)
                    #expect(found == nil || found == vector, "byte \(place)")
                }
            }
        }
    }
}
