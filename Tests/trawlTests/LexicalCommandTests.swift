import Foundation
import Testing
import TrawlTestSupport

/// Languages and query syntax on the command line.
@Suite struct LexicalCommandTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(CommandLineTests.corpus, to: "corpus.jsonl")
    }

    private func run(_ arguments: String..., input: String = "") throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, input: input, folder: folder.path)
    }

    private func build(_ more: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            ["index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical"] + more, folder: folder.path)
    }

    @Test func theLanguageIsReportedAndMayBeNamed() throws {
        #expect(try build().errors.contains("language: english"))
        #expect(try build("--language", "fr").errors.contains("language: french"))
        #expect(try run("show", "a.trawl").output.contains("language: french"))
        let refused = try build("--language", "klingon")
        #expect(refused.status == 2 && refused.errors.contains("klingon") && refused.errors.contains("german"))
        let added = try run("index", "corpus.jsonl", "--output", "a.trawl", "--replace", "--language", "de")
        #expect(added.status == 64)
    }

    /// Words inside text without spaces, the whole way from file to hit.
    @Test(arguments: [
        ("東大寺の仏像は奈良市にある。", "仏像", "都市"), ("東京是日本的首都。", "首都", "北京"), ("대한민국의 수도는 서울이다.", "민국", "부산"),
        ("กรุงเทพมหานครเป็นเมืองหลวงของไทย", "เมืองหลวง", "ญี่ปุ่น"),
    ]) func scriptsWithoutSpacesAreSearched(text: String, inside: String, absent: String) throws {
        try folder.write("{\"_id\": \"d\", \"text\": \"\(text)\"}\n", to: "corpus.jsonl")
        _ = try build("--quiet")
        for (query, status) in [(inside, Int32(0)), (absent, 1)] {
            let outcome = try run("query", "a.trawl", query, "--mode", "lexical", "--json")
            #expect(outcome.status == status, "\(query): \(outcome.output)")
        }
    }

    @Test func operatorsAreReadWhereQueriesAreTyped() throws {
        _ = try build("--quiet")
        func found(_ arguments: String..., input: String = "") throws -> [String] {
            try TrawlProcess.run(
                ["query", "a.trawl", "--json", "--quiet"] + arguments, input: input, folder: folder.path
            ).objects.compactMap { $0["document"] as? String }.sorted()
        }
        #expect(try found("\"the moon\" OR title:wall") == ["moon", "wall"])
        #expect(try found("twice a day -moon") == [])
        #expect(try found("twice a day -moon", "--syntax", "plain") == ["moon"])
        // Queries of files are words.
        #expect(try found(input: "twice a day -moon\n") == ["moon"])
        #expect(try found("--syntax", "auto", input: "twice a day -moon\n") == [])
        let refused = try run("query", "a.trawl", "(moon", "--syntax", "full")
        #expect(refused.status == 2 && refused.errors.contains("column 1"))
    }

    @Test func suggestionsAndNotesGoToStandardError() throws {
        _ = try build("--quiet")
        let answer = try run("query", "a.trawl", "ocaens", "--json")
        #expect(answer.status == 1 && answer.output.isEmpty && answer.errors.contains("did you mean: oceans"))
        let known = try run("query", "a.trawl", "oceans")
        #expect(known.status == 0 && !known.errors.contains("did you mean"))
    }

    /// Row 40 of the small inputs that go wrong.
    @Test func curlyAndStraightApostrophesAreTheSameWord() throws {
        try folder.write(
            "{\"_id\": \"a\", \"text\": \"Don’t panic\"}\n{\"_id\": \"b\", \"text\": \"We don't know\"}\n",
            to: "corpus.jsonl")
        _ = try build("--quiet")
        for query in ["don't", "don’t"] {
            #expect(try run("query", "a.trawl", query, "--json").objects.count == 2, "\(query)")
        }
    }
}
