import Foundation
import FoundationXML
import Testing
import TrawlCore
import TrawlCorpus
import TrawlEngine
import TrawlEvaluation
import TrawlGeneration
import TrawlTestSupport

@testable import TrawlWorkbench

/// With the default generator, on a corpus of made-up things whose queries each name one of them.
@Suite struct IndexAdaptationTests {
    private static let subjects = [
        "lantern", "harbour", "violin", "glacier", "beetle", "turbine", "orchard", "compass", "anvil", "lighthouse",
        "saddle",
        "kettle", "meadow", "piston", "quarry", "rudder", "sculpture", "telescope", "umbrella", "volcano",
    ]
    private static let kinds = ["old", "small", "copper", "northern", "hidden", "painted"]

    /// An index of 120 documents, and a query for each.
    private static func build(
        in folder: TemporaryFolder, settings: SearchSettings = SearchSettings()
    ) throws -> (path: String, queries: [Query], documents: [DocumentID]) {
        var documents: [Document] = []
        var queries: [Query] = []
        for (number, subject) in subjects.enumerated() {
            for (place, kind) in kinds.enumerated() {
                let other = subjects[(number + place + 3) % subjects.count]
                let id = "\(subject)-\(kind)"
                documents.append(
                    try Document(
                        id: id,
                        text:
                            "The \(kind) \(subject) stands beside the \(other). People visit it in summer and in winter."
                    ))
                queries.append(Query(id: id, text: "where is the \(kind) \(subject)"))
            }
        }
        let path = folder.path + "/index.trawl"
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical", "generative"]), settings: settings), at: path,
            documents: DocumentList(documents))
        return (path, queries, documents.map(\.id))
    }

    private static func judged(_ queries: [Query], _ documents: [DocumentID]) throws -> JudgedQueries {
        var qrels = Qrels()
        for (query, document) in zip(queries, documents) { try qrels.judge(query: query.id, document, grade: 1) }
        return JudgedQueries(queries, qrels)
    }

    /// Queries whose answers are somebody else's.
    @Test func whatWouldHurtIsRefused() throws {
        let folder = try TemporaryFolder()
        let (path, queries, documents) = try Self.build(in: folder)
        let before = try Engine().open(path).settings
        var adaptation = IndexAdaptation()
        adaptation.judged = try Self.judged(queries, documents.shuffled(seed: 5))
        let report = try adaptation.run(at: path, Engine())
        #expect(report.heldOut >= 30 && report.trials.first?.change == "weights")
        #expect(report.trials.filter(\.isKept).isEmpty)
        #expect(try Engine().open(path).settings == before)
    }

    /// An index whose weights look at stop words alone.
    @Test func whatHelpsIsRemembered() throws {
        let folder = try TemporaryFolder()
        var settings = SearchSettings()
        settings.generative.parameters.keyWeights = LearnedKeyWeights(
            coefficients: [-3, -5, 6, 0, 0, -5, 0, 0, 0])
        let (path, queries, documents) = try Self.build(in: folder, settings: settings)
        var adaptation = IndexAdaptation()
        adaptation.judged = try Self.judged(queries, documents)
        let report = try adaptation.run(at: path, Engine())
        let trial = try #require(report.trials.first { $0.change == "weights" })
        #expect(trial.isKept && trial.after > trial.before)
        let adapted = try Engine().open(path)
        #expect(adapted.settings.generative.parameters.keyWeights != settings.generative.parameters.keyWeights)
        // Searches use it unasked, and nothing else of the index has changed.
        var search = adapted.settings
        search.mode = .generative
        let hits = try Engine().search(queries[7].text, in: adapted, search).hits
        #expect(hits.first?.document == documents[7])
        #expect(try Engine().check(path).filter { !$0.passed }.isEmpty)
    }

    /// Queries of new documents gain more than the fewer ones of earlier documents lose.
    @Test(arguments: [(most: 1.0, isKept: true), (most: 0.01, isKept: false)])
    func whatForgetsEarlierDocumentsIsRefused(bound: (most: Double, isKept: Bool)) throws {
        let folder = try TemporaryFolder()
        let (path, queries, documents) = try Self.build(in: folder)
        let (engine, judged) = (Engine(), try Self.judged(queries, documents))
        let index = try engine.open(path)
        /// Finds the answers of some queries, and for the others what answers another one.
        func run(_ isFound: (Int) -> Bool) -> JudgedRun {
            JudgedRun(
                rankings: queries.indices.map { number in
                    let document = documents[isFound(number) ? number : (number + 1) % documents.count]
                    return DocumentRanking(
                        query: queries[number].id, documents: [DocumentScore(document: document, score: 1)])
                }, qrels: judged.qrels)
        }
        var state = AdaptationState(
            engine, index, heldOut: judged, earlier: Array(queries.prefix(20)),
            bounds: (significance: 0.05, forgotten: bound.most), .silent)
        var changed = index.settings
        changed.limit += 1
        try state.decide("weights", changed, from: run { $0 < 60 }, to: run { $0 >= 5 })
        let trial = try #require(state.trials.first)
        #expect(trial.before == 0.5 && trial.after == 115.0 / 120)
        #expect(trial.earlier.map { [$0.before, $0.after] } == [1, 0.75])
        #expect(trial.new.map { [$0.before, $0.after] } == [0.4, 1])
        #expect(trial.isKept == bound.isKept && (state.settings == changed) == bound.isKept)
    }

    @Test func aPictureShowsWhatEachChangeDidToWhichDocuments() throws {
        func trial(_ change: String, isKept: Bool, grew: Bool) -> IndexAdaptation.Trial {
            IndexAdaptation.Trial(
                change: change, before: 0.5, after: 0.625, earlier: grew ? .init(before: 0.75, after: 0.5) : nil,
                new: grew ? .init(before: 0.25, after: 1) : nil, chance: 0.01, isKept: isKept)
        }
        for grew in [true, false] {
            let trials = [trial("weights", isKept: true, grew: grew), trial("generator", isKept: false, grew: grew)]
            let svg = AdaptationPicture(.init(queries: 9, heldOut: 4, trials: trials)).svg
            let root = try #require(try XMLDocument(xmlString: svg).rootElement())
            let texts = root.elements(forName: "text").compactMap(\.stringValue)
            #expect(texts.contains("weights, kept") && texts.contains("generator, not kept"))
            #expect(texts.contains("earlier documents") == grew && texts.contains("0.750 → 0.500") == grew)
            #expect(texts.count { $0.contains("→") } == (grew ? 6 : 2))
            func count(_ kind: String) -> Int { svg.components(separatedBy: "class=\"\(kind)\"").count - 1 }
            #expect(count("loss") == (grew ? 2 : 0))
            #expect(count("discarded") == (grew ? 3 : 1))
        }
    }

    @Test func newDocumentsAreThoseAfterTheOnesThatTheGeneratorKnows() throws {
        let folder = try TemporaryFolder()
        let (path, queries, documents) = try Self.build(in: folder)
        var settings = SearchSettings()
        settings.generative.trainedThrough = documents[89]
        try Engine().setDefaults(settings, of: path)
        let arrivals = try #require(try Arrivals(Engine().open(path)))
        #expect(arrivals.count == 30 && arrivals.known == documents[89])
        let judged = try Self.judged(queries, documents)
        #expect(arrivals.earlier(judged).map(\.id) == queries.prefix(90).map(\.id))
        // Another generator knows nothing of them.
        settings.generative.setGenerator("another")
        #expect(settings.generative.trainedThrough == nil)
    }

    @Test func anIndexWithoutNewDocumentsHasNoArrivals() throws {
        let folder = try TemporaryFolder()
        let (path, _, documents) = try Self.build(in: folder)
        #expect(try Arrivals(Engine().open(path)) == nil)
        for id in [documents[119], DocumentID("deleted")] {
            var settings = SearchSettings()
            settings.generative.trainedThrough = id
            try Engine().setDefaults(settings, of: path)
            #expect(try Arrivals(Engine().open(path)) == nil)
        }
    }

    @Test(arguments: [0, 1, 3, 5])
    func whatIsInterruptedChangesNothing(after checks: Int) throws {
        let folder = try TemporaryFolder()
        var settings = SearchSettings()
        settings.generative.parameters.keyWeights = LearnedKeyWeights(
            coefficients: [-3, -5, 6, 0, 0, -5, 0, 0, 0])
        let (path, queries, documents) = try Self.build(in: folder, settings: settings)
        let before = try Engine().open(path).settings
        var adaptation = IndexAdaptation()
        adaptation.judged = try Self.judged(queries, documents)
        #expect(throws: CancellationError.self) {
            try adaptation.run(at: path, Engine(), cancellation: .after(checks: checks))
        }
        #expect(try Engine().open(path).settings == before)
    }

    /// An index of thirty documents, and for each four questions by a name that only the judgements connect with it.
    private static func buildNamed(in folder: TemporaryFolder) throws -> (path: String, judged: JudgedQueries) {
        let subjects = Self.subjects.prefix(15).flatMap { subject in ["old", "copper"].map { "\($0) \(subject)" } }
        let names = [
            "zebra", "falcon", "walnut", "comet", "amber", "tulip", "badger", "saffron", "iris", "onyx", "panther",
            "juniper", "cobalt", "heron", "maple", "otter", "quartz", "raven", "sparrow", "topaz", "viper", "willow",
            "yarrow", "cedar", "dolphin", "ember", "fennel", "garnet", "hazel", "jasmine",
        ]
        let documents = try subjects.map { subject in
            try Document(id: subject, text: "The \(subject) is in the valley. People visit it in summer.")
        }
        var qrels = Qrels()
        var queries: [Query] = []
        for form in ["what is project %", "tell me about %", "who works on % now", "the state of %"] {
            for (name, document) in zip(names, documents) {
                let query = Query(id: "\(queries.count)", text: form.replacing("%", with: name))
                queries.append(query)
                try qrels.judge(query: query.id, document.id, grade: 1)
            }
        }
        let path = folder.path + "/index.trawl"
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical", "dense"]), settings: SearchSettings()), at: path,
            documents: DocumentList(documents))
        return (path, JudgedQueries(queries, qrels))
    }

    @Test func aQueryAdapterIsFittedToJudgedQueries() throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.buildNamed(in: folder)
        var adaptation = IndexAdaptation()
        adaptation.judged = judged
        let report = try adaptation.run(at: path, Engine())
        let trial = try #require(report.trials.first)
        #expect(trial.change == "adapter" && trial.isKept && trial.after > trial.before)
        let index = try Engine().open(path)
        // The held-out queries are learnt in the end, too.
        #expect(try index.queryAdapter()?.queries == judged.count)
        #expect(index.settings.dense.usesAdapter)
        var search = index.settings
        search.mode = .dense
        let hits = try Engine().search("anything new on falcon", in: index, search).hits
        #expect(hits.first?.document == DocumentID("copper lantern"))

        // What is there already stays as it is.
        let again = try adaptation.run(at: path, Engine())
        #expect(!again.trials.contains { $0.change == "adapter" })
        #expect(try Engine().check(path).filter { !$0.passed }.isEmpty)
    }

    @Test func aQueryAdapterThatWouldHurtIsRefused() throws {
        let folder = try TemporaryFolder()
        let (path, judged) = try Self.buildNamed(in: folder)
        let before = try Engine().open(path).settings
        var qrels = Qrels()
        let documents = judged.entries.compactMap(\.relevant.first).shuffled(seed: 3)
        for (query, document) in zip(judged.queries, documents) {
            try qrels.judge(query: query.id, document, grade: 1)
        }
        var adaptation = IndexAdaptation()
        adaptation.judged = JudgedQueries(judged.queries, qrels)
        let report = try adaptation.run(at: path, Engine())
        #expect(report.trials.allSatisfy { !$0.isKept })
        let index = try Engine().open(path)
        #expect(try index.queryAdapter() == nil && index.settings == before)
    }

    @Test func writtenQueriesNeedNGramsToAdapt() throws {
        let folder = try TemporaryFolder()
        let (path, _) = try Self.buildNamed(in: folder)
        #expect(throws: TrawlError.self) { try IndexAdaptation().run(at: path, Engine()) }
    }

    @Test func tooFewQueriesAreRefused() throws {
        let folder = try TemporaryFolder()
        let (path, queries, documents) = try Self.build(in: folder)
        var adaptation = IndexAdaptation()
        adaptation.judged = try Self.judged(Array(queries.prefix(20)), documents)
        #expect(throws: TrawlError.self) { try adaptation.run(at: path, Engine()) }
    }
}

extension Array {
    fileprivate func shuffled(seed: UInt64) -> [Element] {
        var random = SplitMix64(seed: seed)
        var copy = self
        for index in copy.indices.dropFirst() { copy.swapAt(index, random.below(index + 1)) }
        return copy
    }
}
