import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlTestSupport

@testable import TrawlEngine

/// The file that lists the shards of a corpus.
@Suite struct ClusterManifestTests {
    private let fixture: ShardFixture
    private let folder: TemporaryFolder

    init() throws {
        fixture = try ShardFixture(shards: 3)
        folder = try TemporaryFolder()
        try fixture.build([
            fixture.folder.corpus((0..<20).map { TestDocument(id: "\($0)", title: "", text: "text \($0)") })
        ])
    }

    private func indexes(_ paths: [String]) throws -> [SearchIndex] { try paths.map { try fixture.engine.open($0) } }

    private func error(_ paths: [String]) -> String { errorText { try ClusterManifest(of: indexes(paths)) } }

    @Test func fileSaysWhatTheShardsHold() throws {
        let manifest = try ClusterManifest(
            of: indexes(fixture.shards.reversed()), replicas: [1: ["http://one:7700", "https://two/trawl"]])
        let file = fixture.folder.path + "/all.shards.json"
        try manifest.write(to: file)
        let read = try ClusterManifest(path: file)
        #expect(read == manifest)
        #expect(read.shards.map(\.number) == [0, 1, 2] && read.shards.map(\.documents).reduce(0, +) == 20)
        #expect(read.shards.map(\.replicas) == [[], ["http://one:7700", "https://two/trawl"], []])
        #expect(try read.shards.map(\.digest) == indexes(fixture.shards).map { try $0.digest() })
        #expect(try indexes(read.shards.map(\.path)).map { $0.shard?.number } == [0, 1, 2])
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains(#""path":"1.trawl""#))
        #expect(read.check(fixture.engine).allSatisfy { $0.passed })
    }

    /// Shards and manifest may move together, and a manifest beside the folder of its shards finds them too.
    @Test func pathsAreRelativeToTheFile() throws {
        let base = fixture.folder.path
        try FileManager.default.createDirectory(atPath: base + "/manifests", withIntermediateDirectories: true)
        try ClusterManifest(of: indexes(fixture.shards)).write(to: base + "/manifests/all.json")
        #expect(try String(contentsOfFile: base + "/manifests/all.json", encoding: .utf8).contains("../0.trawl"))
        let moved = try TemporaryFolder(copyOf: base)
        let read = try ClusterManifest(path: moved.path + "/manifests/all.json")
        #expect(read.shards.allSatisfy { $0.path.hasPrefix(moved.path + "/") }, "\(read.shards.map(\.path))")
        #expect(read.check(fixture.engine).allSatisfy { $0.passed })
    }

    @Test func checkNamesTheShardThatIsAnother() throws {
        let manifest = try ClusterManifest(of: indexes(fixture.shards))
        try fixture.engine.compact(fixture.shards[0])
        try fixture.engine.add(
            DocumentList([Document(id: "0", text: "changed")]), to: fixture.shards[2], replacing: true)
        try SearchIndex.remove(path: fixture.shards[1])
        let results = manifest.check(fixture.engine)
        #expect(results.map(\.passed) == [true, false, false], "\(results)")
        #expect(results[1].detail?.contains("no such index") == true)
        #expect(results[2].detail?.contains("has changed") == true, "\(results[2])")
    }

    @Test func anythingButAllShardsOfOneCorpusIsRefused() throws {
        let shards = fixture.shards
        #expect(error([]).contains("at least one shard"))
        #expect(error(shards + [fixture.one]).contains("one.trawl: the index is not a shard"))
        #expect(error([shards[0], shards[1]]).contains("of 3 shards there is none with the number 2"))
        let twice = error([shards[0], shards[1], shards[1], shards[2]])
        #expect(twice.contains("1.trawl: this is shard 1 of 3, and so is") && twice.contains(shards[1]))
        let other = fixture.folder.path + "/other.trawl"
        var recipe = try fixture.engine.open(fixture.one).recipe
        try fixture.engine.build(RecipeFile(recipe), at: other, shard: ShardNumber(1, of: 4))
        let counts = error([shards[0], other])
        #expect(counts.contains("other.trawl: this is shard 1 of 4, and \(shards[0]) is shard 0 of 3"), "\(counts)")
        recipe.passages = PassageRecipe(size: .words(5))
        try fixture.engine.build(RecipeFile(recipe), at: other, shard: ShardNumber(1, of: 3))
        let recipes = error([shards[0], other, shards[2]])
        #expect(
            recipes.contains("other.trawl: the shard has another recipe") && recipes.contains(shards[0])
                && recipes.contains("('overlap: 0' and 'overlap: 3')"), "\(recipes)")
        #expect(
            errorText { try ClusterManifest(of: indexes(shards), replicas: [3: ["http://a"]]) }.contains("no shard 3"))
        #expect(
            errorText { try ClusterManifest(of: indexes(shards), replicas: [0: ["a:1"]]) }.contains("\"a:1\" is not"))
    }

    /// The same recipe may have found another tokenizer on another machine.
    @Test func shardsOfAnotherTokenizerAreRefused() throws {
        let fixture = try ShardFixture(shards: 2, ["generative"])
        try fixture.build([fixture.folder.corpus((0..<9).map { TestDocument(id: "\($0)", title: "", text: "text") })])
        let session = try Store.open(at: fixture.shards[1]).write()
        var prints = try fixture.engine.open(fixture.shards[1]).fingerprints
        #expect(prints["tokenizer"] != nil)
        prints["tokenizer"] = String(repeating: "0", count: 64)
        try session.setMetadata(SearchIndex.fingerprintsName, prints)
        try session.commit(segments: session.manifest.segments)
        let error = error(fixture.shards)
        #expect(error.contains("1.trawl: the shard was built with another tokenizer (000000000000 and "), "\(error)")
        #expect(error.contains("than \(fixture.shards[0])"), "\(error)")
    }

    @Test(arguments: [
        (#""version":1"#, #""version":2,"new":[]"#, "the manifest has version 2, this Trawl reads 1"),
        (#""hash":1"#, #""hash":7"#, "the manifest has hash 7"),
        (#""version":1,"#, "", "version is missing"),
        (#""hash""#, #""more":1,"hash""#, "unknown setting \"more\""),
        (#""number":1,"#, #""number":1,"host":"a","#, "unknown setting \"shards.1.host\""),
        (#""number":1,"#, #""number":0,"#, "shard 0 is listed twice"),
        (#""number":1,"#, #""number":3,"#, "there is no shard 3 among 3"),
        (#""number":1,"#, #""number":-1,"#, "there is no shard -1"),
        (#""number":1,"#, #""number":1e99,"#, "not a manifest"),
        (#""number":1,"#, #""number":"1","#, "shards.1.number has a value of another kind"),
        (#""path":"1.trawl""#, #""path":"2.trawl""#, "have the same path"),
        (#""path":"1.trawl""#, #""path":"""#, "the path is not one"),
        (#""path":"1.trawl","#, "", "shards.1.path is missing"),
        (#""documents":"#, #""documents":-1"#, "is not a number from 0"),
        (#""passages":"#, #""passages":99999999999"#, "is not a number from 0"),
        (#""digest":""#, #""digest":"z"#, "64 hexadecimal digits"),
        (#""replicas":[]"#, #""replicas":["ftp://a"]"#, "\"ftp://a\" is not the address of a server"),
        (#""replicas":[]"#, #""replicas":["http://u@h/"]"#, "is not the address of a server"),
        ("{\"version\"", "[{\"version\"", "it is not JSON"),
    ])
    func everyWrongFileIsRefusedWithTheReason(old: String, new: String, reason: String) throws {
        let file = fixture.folder.path + "/all.json"
        try ClusterManifest(of: indexes(fixture.shards)).write(to: file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let range = try #require(text.range(of: old))
        try text.replacingCharacters(in: range, with: new).write(toFile: file, atomically: true, encoding: .utf8)
        let error = errorText { try ClusterManifest(path: file) }
        #expect(error.hasPrefix(file) && error.contains(reason), "\(error)")
    }

    @Test func absurdNumbersOfShardsAreRefused() throws {
        try folder.write("none.json", #"{"version":1,"hash":1,"shards":[]}"#)
        #expect(errorText { try ClusterManifest(path: folder.path("none.json")) }.contains("this one 0"))
        let shard = #"{"number":0,"path":"a","digest":"a","documents":1,"passages":1}"#
        let many = [String](repeating: shard, count: 4097).joined(separator: ",")
        try folder.write("many.json", #"{"version":1,"hash":1,"shards":["# + many + "]}")
        #expect(errorText { try ClusterManifest(path: folder.path("many.json")) }.contains("this one 4097"))
    }
}
