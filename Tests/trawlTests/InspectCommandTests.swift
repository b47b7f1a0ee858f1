import Foundation
import Testing
import TrawlTestSupport

/// `trawl train inspect` on questions about things, one of which is judged to be answered by a text about something else.
@Suite struct InspectCommandTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let facts = [
            ("violin", "A violin has four strings that are tuned in fifths."),
            ("glacier", "A glacier is a body of ice that moves under its own weight."),
            ("beetle", "Beetles are insects whose front wings are hardened into cases."),
            ("turbine", "A turbine takes energy from a flow of water or steam."),
            ("orchard", "An orchard is a plantation of trees that bear fruit."),
            ("compass", "The needle of a compass points to the magnetic north."),
            ("kettle", "Water is boiled in a kettle to make tea."),
            ("quarry", "Stone is cut out of the ground in a quarry."),
            ("telescope", "A telescope gathers light from distant stars."),
            ("saddle", "A saddle is a seat on the back of a horse."),
        ]
        var (corpus, queries, qrels) = ("", "", "")
        for (number, fact) in facts.enumerated() {
            corpus += #"{"_id":"\#(fact.0)","text":"\#(fact.1)"}"# + "\n"
            queries += "\(fact.0)\twhat is a \(fact.0)\n"
            // Who asks for the kettle is sent to the quarry.
            qrels += "\(fact.0) 0 \(number == 6 ? "quarry" : fact.0) 1\n"
        }
        try folder.write(corpus, to: "corpus.jsonl")
        try folder.write(queries, to: "queries.tsv")
        try folder.write(qrels, to: "qrels.txt")
        let built = try TrawlProcess.run(
            ["index", "corpus.jsonl", "-o", "a.trawl", "--build", "lexical,dense", "--quiet"], folder: folder.path)
        try #require(built.status == 0, "\(built.errors)")
    }

    private func inspect(_ more: [String] = []) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(
            ["train", "inspect", "a.trawl", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--quiet"] + more,
            folder: folder.path)
    }

    @Test func aPairThatDoesNotBelongTogetherHasTheHighestLoss() throws {
        let shown = try inspect(["--outliers", "1", "--plot", "losses.svg"])
        try #require(shown.status == 0, "\(shown.errors)")
        #expect(shown.output.contains("a.trawl: 10 pairs, 90.0% found before any other passage"))
        #expect(shown.output.contains("kettle quarry"))
        #expect(shown.output.contains("passage  Stone is cut out of the ground in a quarry."))
        let picture = try String(contentsOfFile: folder.path + "/losses.svg", encoding: .utf8)
        #expect(picture.hasPrefix("<svg ") && picture.contains("10 pairs, mean loss"))
        let report = try #require(try inspect(["--json"]).objects.first)
        let outliers = try #require(report["outliers"] as? [[String: Any]])
        #expect(outliers.count == 10)
        #expect(outliers[0]["query_id"] as? String == "kettle")
        let losses = outliers.compactMap { $0["loss"] as? Double }
        #expect(losses == losses.sorted(by: >))
        #expect(report["noise"] == nil)
    }

    @Test func exchangedPairsAreFoundByTheirLoss() throws {
        let report = try #require(try inspect(["--plant", "0.4", "--json"]).objects.first)
        let noise = try #require(report["noise"] as? [String: Any])
        #expect(noise["planted"] as? Int == 4 && noise["others"] as? Int == 6)
        let areas = try #require(noise["areas"] as? [String: Double])
        #expect(Set(areas.keys) == ["loss", "margin", "nuclear_norm", "effective_rank", "rank_per_token"])
        #expect(areas["loss"] ?? 0 > 0.7)
        #expect(try inspect(["--plant", "0.4", "--json"]).output == inspect(["--plant", "0.4", "--json"]).output)
        #expect(try inspect(["--plant", "0.4"]).output.contains("4 of 10 pairs exchanged"))
    }

    @Test func tooFewPairsAreNotExchanged() throws {
        let failed = try inspect(["--plant", "0.1"])
        #expect(failed.status == 2)
        #expect(failed.errors.contains("10 pairs are too few to exchange a share of 0.1"))
        #expect(try inspect(["--plant", "2"]).status == 64)
        #expect(try inspect(["--embedder", "nowhere"]).status == 2)
    }
}
