import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// A corpus that is indexed twice, as one index and as shards, which must agree.
struct ShardFixture {
    let folder: UpdateFolder
    let engine = Engine()
    let count: Int
    let recipe: IndexRecipe

    init(shards count: Int, _ parts: [String] = ["lexical"]) throws {
        folder = try UpdateFolder()
        self.count = count
        recipe = .updates(parts)
    }

    var one: String { folder.path + "/one.trawl" }
    var shards: [String] { (0..<count).map { "\(folder.path)/\($0).trawl" } }

    func build(_ paths: [String]) throws {
        var recipe = recipe
        recipe.corpus.paths = paths
        try engine.build(RecipeFile(recipe), at: one)
        for (number, path) in shards.enumerated() {
            try engine.build(RecipeFile(recipe), at: path, shard: ShardNumber(number, of: count))
        }
    }

    /// Does the same to the one index and to each shard.
    func each(_ change: (_ path: String) throws -> Void) throws { for path in [one] + shards { try change(path) } }

    /// The ids of the live documents of some indexes, by their positions, none of which is there twice.
    func order(_ paths: [String]) throws -> [String] {
        var found: [(position: UInt64, id: String)] = []
        for path in paths {
            let documents = try engine.open(path).documents
            try documents.forEachPassageList { number, _ in
                found.append(
                    (try documents.position(ofDocument: number), try documents.documentID(number).rawValue))
            }
        }
        #expect(Set(found.map(\.position)).count == found.count)
        return found.sorted { $0.position < $1.position }.map(\.id)
    }

    /// The positions of the documents of all shards by id.
    func positions() throws -> [String: UInt64] {
        var positions: [String: UInt64] = [:]
        for path in shards {
            let documents = try engine.open(path).documents
            try documents.forEachPassageList { number, _ in
                positions[try documents.documentID(number).rawValue] = try documents.position(ofDocument: number)
            }
        }
        return positions
    }

    /// Expects that the shards have the documents of the one index, each where it belongs and in the same order.
    func expectAgreement(_ comment: String = "") throws {
        #expect(try order(shards) == order([one]), "\(comment)")
        for path in shards {
            let failed = try engine.check(path).filter { !$0.passed }
            #expect(failed.isEmpty, "\(comment) \(path) \(failed)")
        }
    }

    /// Stores another record than the index has.
    static func overwriteRecord(of path: String, with bytes: [UInt8]) throws {
        let session = try Store.open(at: path).write()
        session.setMetadata(ShardRecord.metadataName, bytes: bytes)
        try session.commit(segments: session.manifest.segments)
    }
}
