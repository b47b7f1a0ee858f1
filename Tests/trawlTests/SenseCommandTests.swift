import Foundation
import Testing
import TrawlTestSupport

/// `trawl train senses`, `trawl senses` and `trawl query --sense`, on texts about rivers and about money.
@Suite struct SenseCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let subjects = [
            ["water", "boat", "fish", "reed", "mud", "stream", "heron", "willow", "otter", "flood"],
            ["loan", "cash", "credit", "debt", "account", "cheque", "teller", "vault", "interest", "deposit"],
        ]
        var corpus = ""
        for number in 0..<160 {
            let words = subjects[number % 2]
            let text = (0..<12).map { ($0 == 6 ? "bank " : "") + words[(number * 7 + $0 * 3 + number / 10) % 10] }
            corpus += #"{"_id":"d\#(number)","title":"Text","text":"\#(text.joined(separator: " "))"}"# + "\n"
        }
        try folder.write("corpus.jsonl", corpus)
        let built = try run(["index", "corpus.jsonl", "-o", "a.trawl", "--build", "lexical", "--quiet"])
        try #require(built.status == 0, "\(built.errors)")
    }

    private func run(_ arguments: [String]) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    @discardableResult
    private func train(_ more: [String] = []) throws -> TrawlProcess.Outcome {
        let trained = try run(
            ["train", "senses", "a.trawl", "--senses", "2", "--rounds", "20", "--dimensions", "16", "--quiet"] + more)
        try #require(trained.status == 0, "\(trained.errors)")
        return trained
    }

    @Test func sensesAreListedDrawnAndSearchedFor() throws {
        let none = try run(["senses", "a.trawl", "bank"])
        #expect(none.status == 2 && none.errors.contains("'trawl train senses' does that"), "\(none.errors)")
        let trained = try train()
        #expect(trained.output.contains("160 documents") && trained.output.contains("stored in a.trawl"))
        #expect(try run(["show", "a.trawl"]).output.contains("learnt from 160 documents"))

        let listed = try run(["senses", "a.trawl", "Bank", "--json", "--passages", "3", "--plot", "bank.svg"])
        let report = try #require(listed.objects.first, "\(listed.errors)")
        #expect(report["word"] as? String == "bank" && report["occurrences"] as? Int == 160)
        #expect(report["is_current"] as? Bool == true && listed.errors.isEmpty)
        let senses = report["senses"] as? [[String: Any]] ?? []
        #expect(senses.count == 2)
        var ofRivers: Int?
        for sense in senses {
            #expect(abs((sense["share"] as? Double ?? 0) - 0.5) < 0.05)
            let examples = sense["examples"] as? [[String: Any]] ?? []
            #expect(examples.count == 3 && Set(examples.compactMap { $0["document"] as? String }).count == 3)
            for example in examples {
                let text = example["text"] as? String ?? ""
                let range = (example["ranges"] as? [[String: Any]])?.first ?? [:]
                let (start, end) = (range["byte_start"] as? Int ?? 0, range["byte_end"] as? Int ?? 0)
                #expect(Array(text.utf8)[start..<end].elementsEqual("bank".utf8))
                if text.contains("otter") || text.contains("willow") { ofRivers = sense["sense"] as? Int }
            }
        }
        let river = try #require(ofRivers)
        let picture = try folder.text("bank.svg")
        #expect(picture.hasPrefix("<svg") && picture.contains("bank#1") && picture.contains("bank#2"))
        #expect(try run(["senses", "a.trawl", "bank", "--color", "never"]).output.contains("bank#2  "))

        let found = try run(["query", "a.trawl", "bank", "--sense", "bank#\(river)", "-k", "200", "--json"])
        let documents = found.objects.compactMap { $0["document"] as? String }.compactMap { Int($0.dropFirst()) }
        #expect(documents.count > 70 && documents.allSatisfy { $0 % 2 == 0 }, "\(documents.count)")
        let both = try run(["query", "a.trawl", "bank", "--sense", "bank#1", "--sense", "bank#2", "--json"])
        #expect(both.status == 1 && both.output.isEmpty)
    }

    @Test func theSameSeedGivesTheSameSensesAndOthersNeedForce() throws {
        try train()
        let first = try run(["senses", "a.trawl", "bank", "--json"]).output
        let again = try run(["train", "senses", "a.trawl", "--quiet"])
        #expect(again.status == 2 && again.errors.contains("--force replaces it"), "\(again.errors)")
        let report = try #require(try train(["--force", "--json"]).objects.first)
        #expect(report["documents"] as? Int == 160 && report["words"] as? Int == 22)
        #expect(try run(["senses", "a.trawl", "bank", "--json"]).output == first)
        try train(["--force", "--seed", "2"])
        #expect(try run(["senses", "a.trawl", "bank", "--json"]).output != first)
    }

    @Test func sensesAreOfTheDocumentsAsTheyAreAndSayThatTheyAreOlder() throws {
        try train()
        try folder.write("more.jsonl", #"{"_id":"new","text":"otter willow bank heron reed"}"# + "\n")
        try #require(try run(["index", "more.jsonl", "-o", "a.trawl", "--add", "--quiet"]).status == 0)
        let listed = try run(["senses", "a.trawl", "bank", "--json", "--passages", "200"])
        let report = try #require(listed.objects.first)
        #expect(report["occurrences"] as? Int == 161 && report["is_current"] as? Bool == false)
        #expect(listed.errors.contains("documents have changed since the senses were learnt"))
        try #require(try run(["rm", "a.trawl", "new"]).status == 0)
        try #require(try run(["compact", "a.trawl"]).status == 0)
        #expect(try run(["senses", "a.trawl", "bank", "--json"]).objects.first?["is_current"] as? Bool == true)
        try #require(
            try run(["index", "corpus.jsonl", "-o", "a.trawl", "--build", "lexical", "--quiet"]).status == 0)
        #expect(try run(["senses", "a.trawl", "bank"]).status == 2)
    }

    @Test func whatHasNoSensesIsAnError() throws {
        try train()
        for (word, message) in [
            ("zebra", "occurs too rarely"), ("the", "not indexed"), ("river bank", "more than one word"),
        ] {
            let outcome = try run(["senses", "a.trawl", word])
            #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome.errors)")
        }
        let missing = try run(["query", "a.trawl", "bank", "--sense", "bank#9"])
        #expect(missing.status == 2 && missing.errors.contains("\"bank\" has 2 senses, not 9"), "\(missing.errors)")
        #expect(try run(["query", "a.trawl", "bank", "--sense", "bank"]).status == 64)
        #expect(try run(["train", "senses", "a.trawl", "--force", "--dimensions", "20"]).status == 64)
        let few = try run(["train", "senses", "a.trawl", "--force", "--minimum-count", "1000"])
        #expect(few.status == 2 && few.errors.contains("too few words"), "\(few.errors)")
    }
}
