import Foundation
import Testing
import TrawlTestSupport

@testable import trawl

/// Getting at what an index holds: filters, lists, exports and passages.
@Suite struct DocumentCommandTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private func build(_ corpus: String, _ more: String..., as name: String = "a.trawl") throws {
        try folder.write(corpus, to: "corpus.jsonl")
        let built = try TrawlProcess.run(
            ["index", "corpus.jsonl", "--output", name, "--build", "lexical", "--quiet"] + more, folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
    }

    private func ids(_ outcome: TrawlProcess.Outcome) -> [String] {
        outcome.objects.compactMap { ($0["document"] ?? $0["id"]) as? String }.sorted()
    }

    static let posts = """
        {"_id":"a","text":"post alpha","post":1234567890123456789,"zip":"00501","version":"1.10","tags":["x","y"]}
        {"_id":"b","title":"B","text":"post beta","post":1234567890123456788,"zip":"501","version":"1.1","tags":["y"]}
        """

    @Test(arguments: [
        ("zip=501", ["b"]), ("zip=00501", ["a"]), ("post=1234567890123456789", ["a"]),
        ("post>=1234567890123456789", ["a"]), ("version=1.1", ["b"]), ("version=1.10", ["a"]), ("tags=x", ["a"]),
        ("tags=y", ["a", "b"]), ("tags IN (x, z) OR id=b", ["a", "b"]), ("NOT tags=x", ["b"]), ("title", ["b"]),
        ("NOT EXISTS title AND zip ^= 0", ["a"]), ("NOT EXISTS nothing", ["a", "b"]), ("zip!=501", ["a"]),
    ]) func filtersFindWhatTheySay(filter: String, expected: [String]) throws {
        try build(Self.posts)
        #expect(try ids(run("query", "a.trawl", "post", "--where", filter, "--json")) == expected)
        #expect(try ids(run("ls", "a.trawl", "--where", filter, "--json")) == expected)
        #expect(try ids(run("export", "a.trawl", "--where", filter)) == expected)
    }

    @Test func wrongFiltersAreRefusedAndNoneIsIgnored() throws {
        try build(Self.posts)
        for command in [["query", "a.trawl", "post"], ["ls", "a.trawl"], ["export", "a.trawl"]] {
            let wrong = try TrawlProcess.run(command + ["--where", "year 2017"], folder: folder.path)
            #expect(
                wrong.status == 64 && wrong.errors.contains("invalid filter 'year 2017' at column 6"), "\(wrong.errors)"
            )
            let unknown = try TrawlProcess.run(command + ["--where", "yeer=1"], folder: folder.path)
            #expect(unknown.status == 2 && unknown.errors.contains("no document has the field 'yeer'"))
            let none = try TrawlProcess.run(command + ["--where", "id=a", "--where", "id=b"], folder: folder.path)
            #expect(none.status == 1 && none.output.isEmpty)
        }
        #expect(try run("ls", "--where", "id=a").status == 64)
    }

    @Test func aRecipeKeepsFilters() throws {
        try folder.write(
            "build: [lexical]\nsearch:\n  where: ['zip=\"501\" OR tags IN (z, \"a b\")', 'post>1']\n", to: "r.yaml")
        try build(Self.posts, "--recipe", "r.yaml")
        #expect(try ids(run("query", "a.trawl", "post", "--json")) == ["b"])
        #expect(try run("show", "a.trawl").output.contains("tags IN (z, "))
        try folder.write("build: [lexical]\nsearch:\n  where: ['zip 501']\n", to: "wrong.yaml")
        let wrong = try run("index", "corpus.jsonl", "--recipe", "wrong.yaml", "--output", "b.trawl")
        #expect(wrong.status == 2 && wrong.errors.contains("invalid filter 'zip 501' at column 5"), "\(wrong.errors)")
    }

    @Test func documentsAreListed() throws {
        try build(Self.posts)
        #expect(
            try run("ls", "a.trawl").output == "a\t\t1 passage\t10 bytes\nb\tB\t1 passage\t9 bytes\n")
        #expect(try run("ls", "a.trawl", "--limit", "1").output == "a\t\t1 passage\t10 bytes\n")
        _ = try run("rm", "a.trawl", "a", "--quiet")
        #expect(try ids(run("ls", "a.trawl", "--json")) == ["b"])
    }

    /// What is exported makes the same index again, to the byte of its own export.
    @Test func exportsAreIndexedAgainAsTheyWere() throws {
        let corpus =
            Self.posts + "\n" + #"""
                {"_id":"c#1","title":"","text":"cafe\u0301 \"q\"\nline\ttab \u009b31m 🚀","n":[1.50,"a",true],"big":123456789012345678901234567890}
                {"_id":"d","title":"only a title","text":"","yes":true,"e":1e5,"empty":"","list":[],"metadata":{"id":"x","text":"y"}}
                {"_id":"e","text":"twice","k":"1","k":"2"}
                """#
        try build(corpus)
        let exported = try run("export", "a.trawl")
        #expect(exported.status == 0)
        let lines = exported.output.split(separator: "\n").map(String.init)
        #expect(lines[2].contains(#""n":[1.50,"a",true]"#) && lines[2].contains("\\u009b"))
        #expect(lines[2].contains(#""big":123456789012345678901234567890"#) && lines[2].contains("café"))
        #expect(lines[4].contains(#""metadata":{"k":["1","2"]}"#))
        try build(exported.output, as: "b.trawl")
        #expect(try run("export", "b.trawl", "--output", "again.jsonl", "--quiet").status == 0)
        #expect(try String(contentsOfFile: folder.path + "/again.jsonl", encoding: .utf8) == exported.output)
        for query in ["post", "cafe", "title"] {
            #expect(
                try run("query", "a.trawl", query, "--json").output == run("query", "b.trawl", query, "--json").output)
        }
        #expect(try run("export", "a.trawl", "--output", "no/such/folder/x").status == 2)
        #expect(try run("export", "a.trawl", "--vectors").errors.contains("no dense part"))
    }

    @Test func vectorsAreExportedOnRequest() throws {
        try folder.write(Self.posts, to: "corpus.jsonl")
        let built = try run("index", "corpus.jsonl", "--output", "v.trawl", "--build", "dense", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
        let line = try #require(try run("export", "v.trawl", "--vectors", "--where", "id=b").objects.first)
        let vectors = try #require(line["vectors"] as? [[Double]])
        #expect(vectors.map(\.count) == [384] && abs(vectors[0].reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
        #expect(
            (line["passages"] as? [[String: Int]])?.first == ["start": 0, "end": 9, "byte_start": 0, "byte_end": 9])
    }

    @Test func passagesAreShownAsHitsNameThem() throws {
        let words = (0..<30).map { "word\($0) über" }.joined(separator: " ")
        try build(
            #"{"_id":"long","title":"T","text":"\#(words)","year":1999}"# + "\n" + #"{"_id":"x#1","text":"own id"}"#,
            "--passage-size", "20", "--passage-overlap", "0")
        let hit = try #require(try run("query", "a.trawl", "word25", "--json").objects.first)
        let number = try #require(hit["passage"] as? Int)
        #expect(number > 0)
        #expect(try run("query", "a.trawl", "word25").output.contains("long#\(number)  "))
        let shown = try run("show", "a.trawl", "long#\(number)")
        #expect(shown.output == "T\n\n\(hit["text"] as? String ?? "")\n", "\(shown.output)")
        let passage = try #require(try run("show", "a.trawl", "long#\(number)", "--json").objects.first)
        let range = try #require(passage["range"] as? [String: Int])
        #expect(range == hit["range"] as? [String: Int])
        let (start, end) = (try #require(range["start"]), try #require(range["end"]))
        #expect(
            String(String.UnicodeScalarView(Array(words.unicodeScalars)[start..<end])) == passage["text"] as? String)
        #expect(range["byte_start"] ?? 0 > start)
        #expect((passage["metadata"] as? [String: Int]) == ["year": 1999])
        #expect(try run("show", "a.trawl", "x#1").output == "own id\n")
        #expect(try run("show", "a.trawl", "long#99").errors.contains("no passage 99 in document \"long\""))
        #expect(try run("show", "a.trawl", "nobody#1").errors.contains("no document \"nobody#1\""))
    }

    /// A terminal obeys escape sequences, whoever wrote them.
    @Test func controlCharactersAreShownAndNotSent() throws {
        try build(
            #"{"_id":"a\u009b2J","title":"ti\u009bt\u007fle","text":"one \u009b31m two","m":"\u009b"}"#)
        for arguments in [
            ["query", "a.trawl", "one"], ["ls", "a.trawl"], ["show", "a.trawl", "a\u{9B}2J"],
            ["query", "a.trawl", "one", "--json"], ["export", "a.trawl"], ["ls", "a.trawl", "--json"],
            ["show", "a.trawl", "gone\u{1B}[2J"], ["query", "a.trawl", "x\u{1B}[2J"], ["query", "no\u{9B}index", "x"],
        ] {
            let outcome = try TrawlProcess.run(arguments, folder: folder.path)
            let sent = (outcome.output + outcome.errors).unicodeScalars.filter {
                ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || 0x7F...0x9F ~= $0.value
            }
            #expect(sent.isEmpty, "\(arguments)")
        }
        #expect(try run("query", "a.trawl", "one").output.contains("ti<9B>t␡le  a<9B>2J"))
        #expect(try run("query", "a.trawl", "one", "--json").objects.first?["document"] as? String == "a\u{9B}2J")
    }

    @Test func visibleTextShowsControls() {
        #expect("a\u{1B}[31m\r\n\tb\u{85}\u{0}é".visible == "a␛[31m␍\n\tb<85>␀é")
        #expect("a\nb\tc".visibleLine == "a b c")
    }
}
