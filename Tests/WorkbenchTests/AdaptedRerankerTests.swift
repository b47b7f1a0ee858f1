import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlTestSupport

@testable import TrawlWorkbench

/// Queries whose answer words alone put second: of two documents on a thing, the other names it twice.
@Suite struct AdaptedRerankerTests {
    private static let things = [
        "lantern", "harbour", "violin", "glacier", "beetle", "turbine", "orchard", "compass", "anvil", "lighthouse",
        "saddle", "kettle", "meadow", "piston", "quarry", "rudder", "sculpture", "telescope", "umbrella", "volcano",
    ]
    private static let kinds = ["old", "small", "copper", "northern", "hidden", "painted"]

    private static func build(in folder: TemporaryFolder) throws -> (path: String, judged: JudgedQueries) {
        var (documents, queries, qrels) = ([Document](), [Query](), Qrels())
        for name in things.flatMap({ thing in kinds.map { "\($0) \(thing)" } }) {
            let price = "For the \(name) people pay nine pounds in the market."
            let age = "The \(name) is nine years old. A \(name) lasts for ever in the valley."
            documents.append(try Document(id: "\(name) price", text: price))
            documents.append(try Document(id: "\(name) age", text: age))
            queries.append(Query(id: name, text: "what does the \(name) cost"))
            try qrels.judge(query: name, documents[documents.count - 2].id, grade: 1)
        }
        let path = folder.path + "/index.trawl"
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical"]), settings: SearchSettings()), at: path,
            documents: DocumentList(documents))
        return (path, JudgedQueries(queries, qrels))
    }

    private static func adaptation(_ judged: JudgedQueries, in folder: TemporaryFolder) -> IndexAdaptation {
        var adaptation = IndexAdaptation()
        (adaptation.judged, adaptation.reranker) = (judged, folder.path + "/ranker")
        return adaptation
    }

    @Test func aRerankerThatHelpsIsUsedBySearches() throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.build(in: folder)
        let query = judged.queries[0].text
        #expect(try Engine().search(query, in: Engine().open(path)).hits.first?.document.rawValue == "old lantern age")
        let report = try Self.adaptation(judged, in: folder).run(at: path, Engine())
        #expect(report.trials.map(\.change) == ["reranker"])
        let trial = try #require(report.trials.first)
        #expect(trial.isKept && trial.after > trial.before + 0.2)
        let index = try Engine().open(path)
        let stage = try #require(index.settings.rerankers.first)
        #expect(stage.model == folder.path + "/ranker" && stage.depth == 50 && stage.weight.map { $0 <= 0.5 } == true)
        #expect(try Engine().search(query, in: index).hits.first?.document.rawValue == "old lantern price")

        // What is there already stays as it is.
        var again = Self.adaptation(judged, in: folder)
        again.reranker = folder.path + "/another"
        #expect(try again.run(at: path, Engine()).trials.isEmpty)
        #expect(try Engine().open(path).settings == index.settings)
    }

    /// Queries whose answers are somebody else's.
    @Test func aRerankerThatWouldHurtIsRefused() throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.build(in: folder)
        let before = try Engine().open(path).settings
        var qrels = Qrels()
        let answers = judged.entries.compactMap(\.relevant.first)
        for (number, query) in judged.queries.enumerated() {
            // A step without a common divisor: no two queries have the same answer.
            try qrels.judge(query: query.id, answers[(number * 77 + 13) % answers.count], grade: 1)
        }
        let report = try Self.adaptation(JudgedQueries(judged.queries, qrels), in: folder).run(at: path, Engine())
        #expect(report.trials.map(\.change) == ["reranker"] && report.trials.allSatisfy { !$0.isKept })
        #expect(try Engine().open(path).settings == before)
    }

    @Test(arguments: [0, 1, 40, 400])
    func whatIsInterruptedChangesNothing(after checks: Int) throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.build(in: folder)
        let before = try Engine().open(path).settings
        #expect(throws: CancellationError.self) {
            try Self.adaptation(judged, in: folder).run(at: path, Engine(), cancellation: .after(checks: checks))
        }
        #expect(try Engine().open(path).settings == before)
    }

    @Test func withoutARerankerWordsAloneDoNotAdapt() throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.build(in: folder)
        var adaptation = Self.adaptation(judged, in: folder)
        adaptation.reranker = nil
        #expect(throws: TrawlError.self) { try adaptation.run(at: path, Engine()) }
    }
}
