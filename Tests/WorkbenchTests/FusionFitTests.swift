import Foundation
import Testing
import TrawlCore
import TrawlCorpus
import TrawlEvaluation
import TrawlTestSupport
import TrawlTraining

@testable import TrawlEngine
@testable import TrawlWorkbench

/// Fitted fusion (training-methods section 5.3), on documents whose answer is the short one among those with the words.
@Suite struct FusionFitTests {
    private static let subjects = [
        "lantern", "harbour", "violin", "glacier", "beetle", "turbine", "orchard", "compass", "anvil", "lighthouse",
        "saddle", "kettle", "meadow", "piston", "quarry", "rudder", "sculpture", "telescope", "umbrella", "volcano",
    ]
    private static let filler = ["It stands by the road.", "Visitors come in summer.", "Nobody knows who made it."]

    /// An index of lexical and dense search with three documents per subject, and three queries, which the shortest of the
    /// documents answers.
    static func build(in folder: TemporaryFolder) throws -> (path: String, queries: JudgedQueries) {
        var documents: [Document] = []
        var queries: [Query] = []
        var qrels = Qrels()
        for subject in subjects {
            for length in 0..<3 {
                let text = "The \(subject) and the \(subject) keeper." + filler.prefix(length).map { " " + $0 }.joined()
                documents.append(try Document(id: "\(subject)-\(length)", text: length == 0 ? "A \(subject)." : text))
            }
            for (number, form) in ["where is the", "who keeps the", "tell me about the"].enumerated() {
                let id = "\(subject)-\(number)"
                queries.append(Query(id: id, text: "\(form) \(subject)"))
                try qrels.judge(query: id, DocumentID("\(subject)-0"), grade: 1)
            }
        }
        let path = folder.path + "/index.trawl"
        try Engine().build(
            RecipeFile(IndexRecipe(build: ["lexical", "dense"])), at: path, documents: DocumentList(documents))
        return (path, JudgedQueries(queries, qrels))
    }

    private static func hybrid(_ index: SearchIndex) -> SearchSettings {
        var settings = index.settings
        settings.mode = .hybrid
        return settings
    }

    @Test func fittedFusionImprovesHeldOutQueriesAndItsPartsSumToTheScore() throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        let (path, queries) = try Self.build(in: folder)
        let index = try engine.open(path)
        let before = try engine.session(index, Self.hybrid(index)).search(queries.queries)
        let (fusion, report) = try FusionFit().run([.init(index, queries)], engine)
        #expect(report.improves && report.blocks > 0 && fusion.blockCount == report.blocks)
        #expect(report.rows.map(\.fusion) == ["equal weights", "present weights", "grid of weights", "fitted"])
        #expect(report.rows[3].score > report.rows[1].score + 0.05)
        try engine.setFusion(fusion, of: path)

        let fitted = try engine.open(path)
        #expect(try fitted.fittedFusion() == fusion)
        let session = try engine.session(fitted)
        let results = try session.search(queries.queries)
        let relevant = zip(queries.entries, results).count { $0.relevant.contains($1.hits[0].document) }
        #expect(relevant > queries.count * 9 / 10)
        for hit in results.flatMap(\.hits) {
            let names = hit.stages.map(\.stage)
            #expect(names == ["lexical", "dense"] + (1...report.blocks).map { "block \($0)" } + ["fusion"])
            // The methods' parts are added in their order, then those of the blocks.
            #expect(hit.stages.compactMap(\.added).reduce(0, +) == hit.score)
        }

        // Off means off.
        for switchOff in [
            { (settings: inout SearchSettings) in settings.fusion.method = .adaptive },
            { (settings: inout SearchSettings) in settings.fusion.blocks = 0 },
        ] {
            var settings = Self.hybrid(fitted)
            switchOff(&settings)
            let after = try engine.session(fitted, settings).search(queries.queries)
            for (a, b) in zip(before, after) {
                #expect(a.hits.map(\.document) == b.hits.map(\.document))
                #expect(a.hits.map(\.score) == b.hits.map(\.score) && a.hits.map(\.stages) == b.hits.map(\.stages))
            }
        }
        var fewer = Self.hybrid(fitted)
        fewer.fusion.blocks = 1
        let one = try engine.session(fitted, fewer).search(queries.queries)
        #expect(one[0].hits[0].stages.count { $0.stage.hasPrefix("block") } == 1)
        #expect(try FusionFit().run([.init(index, queries)], engine).fusion == fusion)
    }

    /// The stored network gives what fitting computed, block by block.
    @Test func storedBlocksAreTheFittedOnes() throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        let (path, queries) = try Self.build(in: folder)
        let index = try engine.open(path)
        let session = try engine.session(index, Self.hybrid(index))
        var pool = FusionPool(methods: session.fusedWeights, features: session.fusionFeatures)
        try pool.add(queries, session, index, progress: .silent, cancellation: .never)
        #expect(pool.features.contains("lexical: share of terms") && pool.rows.allSatisfy(\.isFinite))
        let table = pool.table
        var ranking = BoostedRanking(pool.lists(table), fittedTo: Array(pool.queries.indices))
        for count in 1...4 {
            ranking.addBlock()
            let fusion = FusionFit.fusion(ranking, pool, table.moments)
            let copy = try JSONDecoder().decode(FittedFusion.self, from: JSONEncoder().encode(fusion))
            #expect(copy == fusion && fusion.blockCount == count)
            let width = pool.features.count
            for row in 0..<table.rows {
                let features = pool.rows[row * width..<(row + 1) * width]
                let added = fusion.added(features, blocks: count).reduce(0) { $0 + Double($1) }
                let score = (pool.sum(row) + added) * ranking.scale
                #expect(abs(score - ranking.scores[row]) < 1e-3 * max(1, abs(score)))
                #expect(
                    fusion.added(features, blocks: count - 1) == Array(fusion.added(features, blocks: count).dropLast())
                )
            }
        }
    }

    @Test func damagedBlocksAreRefused() throws {
        var fusion = FittedFusion(weights: ["a": 1], features: ["x", "y"], queries: 1, unitsPerBlock: 1)
        fusion.append(weights: [1, 2], biases: [0], outputs: [1], offset: 0)
        #expect(fusion.added([0.5, 0], blocks: 9) == [tanh(Float(0.5))])
        let text = String(decoding: try JSONEncoder().encode(fusion), as: UTF8.self)
        for (part, other) in [
            (#""units_per_block":1"#, #""units_per_block":2"#), (#"["x","y"]"#, #"["x"]"#),
            (#""depth":100"#, #""depth":0"#),
        ] {
            #expect(text.contains(part))
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(FittedFusion.self, from: Data(text.replacing(part, with: other).utf8))
            }
        }
    }

    @Test func permutedLabelsChooseNoBlocks() throws {
        var random = SplitMix64(seed: 3)
        let count = 100
        let rows = count * 12
        let values = (0..<rows * 4).map { _ in Float.random(in: -1...1, using: &random) }
        let grades = (0..<count).flatMap { _ in ([1] + [Double](repeating: 0, count: 11)).shuffled(using: &random) }
        let lists = RankingLists(
            table: FeatureTable(rows: rows, features: 4, values: values).standardised,
            lists: (0..<count).map { 12 * $0..<12 * $0 + 12 },
            base: (0..<rows).map { Double(values[4 * $0]) }, grades: grades,
            weights: [Double](repeating: 0.01, count: count))
        let validation = FusionValidation(
            lists, FusionValidation.folds(5, sizes: [count]), most: 20, BoostedRanking.Settings())
        #expect(validation.blocks == 0)
    }

    @Test func searchesThatDifferFromTheFitAreRefused() throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        let (path, _) = try Self.build(in: folder)
        var index = try engine.open(path)
        var settings = Self.hybrid(index)
        settings.fusion.method = .fitted
        func message() -> String {
            do {
                _ = try engine.session(index, settings)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message().contains("no fusion was fitted"))
        let session = try engine.session(index, Self.hybrid(index))
        let weights = Dictionary(uniqueKeysWithValues: session.fusedWeights.map { ($0.name, $0.weight) })
        let fusion = FittedFusion(weights: weights, features: session.fusionFeatures, queries: 50, unitsPerBlock: 2)
        try engine.setFusion(fusion, of: path)
        index = try engine.open(path)
        #expect(message() == "")
        settings.fusion.weights = ["lexical": 1, "dense": 1]
        #expect(message().contains("dense=1.5,lexical=1.0") && message().contains("dense=1.0,lexical=1.0"))
        settings.mode = .lexical
        #expect(message() == "")
        // A default that searches of one method ignore, and that an index built anew has lost.
        try engine.build(
            RecipeFile(IndexRecipe(build: ["lexical", "dense"])), at: path,
            documents: DocumentList([try Document(id: "a", text: "one text")]))
        #expect(try engine.open(path).fittedFusion() == nil)
    }

    @Test func tooFewQueriesAndUnanswerableOnesAreErrors() throws {
        let folder = try TemporaryFolder()
        let engine = Engine()
        let (path, queries) = try Self.build(in: folder)
        let index = try engine.open(path)
        func message(_ queries: JudgedQueries) -> String {
            do {
                _ = try FusionFit().run([.init(index, queries)], engine)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message(queries.spread(49)).contains("49 judged queries are too few"))
        var elsewhere = Qrels()
        for query in queries.queries { try elsewhere.judge(query: query.id, DocumentID("missing"), grade: 1) }
        #expect(message(JudgedQueries(queries.queries, elsewhere)).contains("0 of 60 queries find a relevant document"))
    }
}
