import Foundation
import TrawlCluster
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlTestSupport

/// A document as tests write it.
struct TestDocument {
    let id: String
    let title: String
    let text: String
    var topic = ""
    var year = 0

    fileprivate var line: String {
        get throws {
            var fields: [String: Any] = ["_id": id, "title": title, "text": text, "year": year]
            if !topic.isEmpty { fields["topic"] = topic }
            return String(
                decoding: try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys), as: UTF8.self)
        }
    }
}

/// A folder with an index of a corpus and with shards of the same, removed with its owner.
final class ClusterFixture {
    let folder: TemporaryFolder
    let engine = Engine()
    private let recipe: IndexRecipe

    /// - Parameter build: the methods of the indexes.
    init(build: [String]) throws {
        folder = try TemporaryFolder()
        var recipe = IndexRecipe()
        recipe.build = build
        self.recipe = recipe
    }

    /// Leads of Wikipedia articles, of which some are there twice under other ids, so that there are ties.
    static func articles(_ count: Int) throws -> [TestDocument] {
        struct Lead: Decodable {
            let title: String
            let extract: String
            let topic: String?
        }
        let file = URL(filePath: TestFiles.home + "/corpora/wikipedia-leads/summaries_en-us.json")
        let leads = try JSONDecoder().decode([String: Lead].self, from: Data(contentsOf: file))
        let chosen = leads.sorted { $0.key < $1.key }.prefix(count).map(\.value)
        return chosen.enumerated().flatMap { number, lead in
            let document = TestDocument(
                id: "d\(number)", title: lead.title, text: lead.extract, topic: lead.topic ?? "", year: 1900 + number)
            let copy = TestDocument(id: "copy of \(number)", title: lead.title, text: lead.extract, year: number)
            return number % 9 == 0 ? [document, copy] : [document]
        }
    }

    func file(of documents: [TestDocument]) throws -> RecipeFile {
        let name = "\(UUID().uuidString).jsonl"
        try folder.write(name, documents.map { try $0.line + "\n" }.joined())
        var recipe = recipe
        recipe.corpus.paths = [folder.path(name)]
        return RecipeFile(recipe)
    }

    /// An index of the documents.
    func index(_ documents: [TestDocument], name: String = "whole") throws -> SearchIndex {
        let path = folder.path("\(name).trawl")
        try engine.build(try file(of: documents), at: path)
        return try engine.open(path)
    }

    /// The shards of such an index.
    func shards(_ documents: [TestDocument], count: Int, name: String = "part") throws -> [String] {
        let file = try file(of: documents)
        return try (0..<count).map { number in
            let path = folder.path("\(name)-\(number)-of-\(count).trawl")
            try engine.build(file, at: path, shard: ShardNumber(number, of: count))
            return path
        }
    }

    /// Adds documents to an index, and to those of `shards` that they belong to.
    func add(_ documents: [TestDocument], to path: String, shards: [String]) throws {
        let corpus = try file(of: documents).recipe.corpus
        try engine.add(corpus.documents(), to: path, replacing: true)
        for (number, shard) in shards.enumerated() {
            try engine.add(
                corpus.documents(), to: shard, replacing: true, shard: ShardNumber(number, of: shards.count))
        }
    }

    func cluster(_ shards: [String]) throws -> ClusterIndex {
        try ClusterIndex(name: "cluster", shards.map { try LocalShard(path: $0, engine: engine) })
    }
}

/// Everything that is said of the answers to some queries, as text that can be compared.
func answers(_ index: any Searchable, _ engine: Engine, _ settings: SearchSettings, _ queries: [String]) throws
    -> String
{
    let results = try index.session(by: engine, settings).search(
        queries.enumerated().map { Query(id: "\($0 + 1)", text: $1) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return String(decoding: try encoder.encode(results), as: UTF8.self)
}
