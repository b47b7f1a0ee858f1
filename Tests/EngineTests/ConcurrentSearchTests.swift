import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlTestSupport

@testable import TrawlEngine

/// Many tasks search one engine while a writer adds and compacts: every answer is that of a search alone.
@Suite struct ConcurrentSearchTests {
    private let folder: UpdateFolder
    private let engine = Engine()
    private let path: String

    private static let queries = [
        "the moon and the oceans", "sugar from light and water", "a wall across the north", "whales sing", "rust",
    ].enumerated().map { Query(id: "\($0)", text: $1) }

    init() throws {
        folder = try UpdateFolder()
        var random = SplitMix64(seed: 3)
        let documents = (0..<60).map { TestDocument.random("d\($0)", &random) }
        path = try folder.build(
            "a.trawl", documents, IndexRecipe(passages: PassageRecipe(size: .words(12), overlap: 3)))
    }

    /// What one search answers, to the bit.
    private static func answers(_ index: SearchIndex, _ mode: SearchMode, _ engine: Engine) throws -> [String] {
        var settings = SearchSettings(mode: mode)
        settings.explains = true
        if mode == .hybrid { settings.fusion.weights = ["lexical": 1, "dense": 1, "generative": 1] }
        return try engine.session(index, settings).search(queries).map { result in
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(result), as: UTF8.self)
        }
    }

    @Test func eightTasksAndAWriterAgreeWithSearchesAlone() async throws {
        // Snapshots before and amid the changes, with what a search alone answers.
        let first = try engine.open(path)
        let modes = first.modes
        let alone = try modes.map { try Self.answers(first, $0, engine) }
        let writer = Task.detached { [engine, path] in
            var random = SplitMix64(seed: 8)
            for round in 0..<6 {
                let added = try (0..<4).map { number in
                    let document = TestDocument.random("n\(round)-\(number)", &random)
                    return try Document(id: document.id, title: document.title, text: document.text)
                }
                try engine.add(DocumentList(added), to: path)
                if round % 3 == 2 { try engine.compact(path) }
            }
        }
        let searched = try await withThrowingTaskGroup(of: [(SearchIndex, Int, [String])].self) { group in
            for task in 0..<8 {
                group.addTask { [engine] in
                    var found: [(SearchIndex, Int, [String])] = []
                    var index = first
                    for round in 0..<3 {
                        let mode = (task + round) % modes.count
                        found.append((index, mode, try Self.answers(index, modes[mode], engine)))
                        index = try index.refreshed()
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        try await writer.value
        #expect(searched.count == 24)
        for (index, mode, found) in searched {
            let expected = index === first ? alone[mode] : try Self.answers(index, modes[mode], engine)
            #expect(found == expected, "\(modes[mode])")
        }
        let last = try first.refreshed()
        #expect(last.documents.documentCount == 84)
        #expect(try last.refreshed() === last)
        // The first snapshot answers as it did.
        #expect(try Self.answers(first, .lexical, engine) == alone[0])
    }

    /// Whoever has an index open keeps it when it is removed; who opens it again gets the new one.
    @Test func anIndexThatIsRemovedAndBuiltAgainIsAnotherOne() throws {
        let path = folder.path + "/again.trawl"
        let recipe = RecipeFile(IndexRecipe(build: ["lexical"]))
        try engine.build(recipe, at: path, documents: DocumentList([try Document(id: "old", text: "the moon")]))
        let old = try engine.open(path)
        try SearchIndex.remove(path: path)
        try engine.build(recipe, at: path, documents: DocumentList([try Document(id: "new", text: "the moon")]))
        let settings = SearchSettings(mode: .lexical)
        #expect(try engine.search("moon", in: old, settings).hits.map(\.document.rawValue) == ["old"])
        let new = try engine.open(path)
        #expect(try engine.search("moon", in: new, settings).hits.map(\.document.rawValue) == ["new"])
    }
}
