import Foundation
import Synchronization
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport
import TrawlVectorIndex

@testable import TrawlEngine

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
