import Foundation
import Testing
import TrawlCluster
import TrawlCore
import TrawlEngine
import TrawlLexicalIndex
import TrawlTestSupport

/// Shards answer as one index of the same documents does: the same bytes.
@Suite struct ClusterSearchTests {
    private static let queries = [
        "who painted the ceiling", "a war between two kingdoms", "plants that turn light into sugar",
        "music of the century",
        "the largest city of a country", "algebra",
    ]

    private struct Built: @unchecked Sendable {
        let fixture: ClusterFixture
        let index: SearchIndex
        let clusters: [ClusterIndex]
    }

    /// One index and its shards in several numbers, made once.
    private static let built = Result {
        let fixture = try ClusterFixture(build: ["lexical", "dense", "generative"])
        let documents = try ClusterFixture.articles(110)
        return Built(
            fixture: fixture, index: try fixture.index(documents),
            clusters: try [1, 3, 8].map { try fixture.cluster(fixture.shards(documents, count: $0)) })
    }

    private func expectEqual(_ queries: [String] = queries, _ change: (inout SearchSettings) -> Void) throws {
        let built = try Self.built.get()
        var settings = built.index.settings
        change(&settings)
        let expected = try answers(built.index, built.fixture.engine, settings, queries)
        #expect(expected.contains(#""rank""#))
        for cluster in built.clusters {
            let found = try answers(cluster, built.fixture.engine, settings, queries)
            #expect(found == expected, "\(cluster.shardCount) shards")
        }
    }

    @Test(arguments: ["lexical", "dense", "generative", "hybrid"])
    func everyModeAnswersAsOneIndex(mode: String) throws {
        try expectEqual { settings in
            settings.mode = SearchMode(rawValue: mode)
            settings.explains = true
            settings.limit = 20
        }
    }

    @Test func passagesOfOneDocumentAreHitsOfTheirOwn() throws {
        try expectEqual { $0.collapsesDocuments = false }
    }

    @Test func everyFusionAddsUpTheSame() throws {
        for method in FusionMethod.allCases where method != .fitted {
            try expectEqual { $0.fusion.method = method }
        }
    }

    @Test func conditionsHoldInEveryShard() throws {
        let between = try DocumentCondition("year>=1930 AND year<1990")
        for mode in ["lexical", "dense", "generative", "hybrid"] {
            try expectEqual { settings in
                settings.mode = SearchMode(rawValue: mode)
                settings.conditions = [between]
            }
        }
    }

    @Test func aFieldOfOneShardIsKnownToAll() throws {
        let built = try Self.built.get()
        var settings = built.index.settings
        settings.mode = .lexical
        settings.conditions = [try DocumentCondition("id=d7")]
        for cluster in built.clusters {
            let expected = try answers(built.index, built.fixture.engine, settings, ["century"])
            #expect(try answers(cluster, built.fixture.engine, settings, ["century"]) == expected)
        }
        settings.conditions = [try DocumentCondition("nosuchfield=1")]
        for cluster in built.clusters {
            let error = #expect(throws: TrawlError.self) {
                try answers(cluster, built.fixture.engine, settings, ["century"])
            }
            #expect(error?.message == "no document has the field 'nosuchfield'")
        }
    }

    @Test func operatorsReachEveryShard() throws {
        let queries = [
            #""of the" -war"#, "cent*", "title:art OR musik~1", "+city (river OR mountain)", #""first world war""#,
            "-the", "century^ NOT king",
        ]
        for mode in ["lexical", "hybrid"] {
            try expectEqual(queries) { settings in
                settings.mode = SearchMode(rawValue: mode)
                settings.lexical.syntax = .auto
                settings.explains = true
            }
        }
    }

    @Test func suggestionsAreThoseOfTheWholeCorpus() throws {
        try expectEqual(["centuri musicc", "philosofy"]) { $0.mode = .lexical }
    }

    @Test func theDocumentOfTheQueryIsLeftOut() throws {
        let built = try Self.built.get()
        var settings = built.index.settings
        settings.excludesQueryDocument = true
        let queries = ["d3", "d9", "copy of 9"].map { id in
            Query(id: id, text: (try? built.index.document(DocumentID(id))?.title) ?? "")
        }
        let expected = try built.index.session(by: built.fixture.engine, settings).rankDocuments(queries)
        for cluster in built.clusters {
            let found = try cluster.session(by: built.fixture.engine, settings).rankDocuments(queries)
            #expect(found.map(\.listed) == expected.map(\.listed))
            #expect(!found[0].documents.contains { $0.document == DocumentID("d3") })
        }
    }

    @Test func sealsOwnWeightsTakeTwoPasses() throws {
        try expectEqual { settings in
            settings.mode = .generative
            settings.generative.usesLearnedWeights = false
            settings.explains = true
        }
    }

    @Test func feedbackMovesTheQueryAlike() throws {
        try expectEqual { settings in
            settings.mode = .dense
            settings.dense.feedback = 3
        }
    }

    @Test func rerankersReadWhatShardsFound() throws {
        try expectEqual(["who painted the ceiling"]) { settings in
            settings.rerankers = [RerankSettings(reranker: "late", depth: 5)]
        }
    }

    @Test func phrasesAreCountedInAllShards() throws {
        let built = try Self.built.get()
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var options = PhraseFinder.Options()
        (options.passages, options.continuations) = (6, 12)
        var near = options
        near.within = 20
        let whole = try built.index.phrases()
        for cluster in built.clusters {
            let parts = try cluster.phrases()
            for text in ["of the", "century", "in the AND was", "the OR The AND century AND art"] {
                let query = try PhraseQuery(text)
                for options in query.clauses.count > 1 ? [options, near] : [options] {
                    #expect(
                        try encoder.encode(parts.find(query, named: text, options))
                            == encoder.encode(whole.find(query, named: text, options)), "\(text)")
                    #expect(
                        try encoder.encode(parts.count(query, named: text, options))
                            == encoder.encode(whole.count(query, named: text, options)), "\(text)")
                }
            }
            for context in ["one of the", "a word nobody wrote in the", ""] {
                #expect(
                    try encoder.encode(parts.predict(after: context, limit: 9))
                        == encoder.encode(whole.predict(after: context, limit: 9)), "\(context)")
                #expect(
                    try encoder.encode(parts.probabilities(of: " first world war", after: context))
                        == encoder.encode(whole.probabilities(of: " first world war", after: context)), "\(context)")
            }
        }
    }

    @Test func documentsAreFoundWhereverTheyAre() throws {
        let built = try Self.built.get()
        let expected = try #require(try built.index.document(DocumentID("d5")))
        for cluster in built.clusters {
            let found = try #require(try cluster.document(DocumentID("d5")))
            #expect((found.title, found.text) == (expected.title, expected.text))
            #expect(found.metadata == expected.metadata)
            #expect(try cluster.document(DocumentID("d99999")) == nil)
        }
    }
}

extension DocumentRanking {
    fileprivate var listed: [String] { documents.map { "\($0.document) \($0.score.bitPattern)" } }
}

/// Shards that are uneven, empty, changed or no shards at all.
@Suite struct ClusterChangeTests {
    private func expectEqual(
        _ fixture: ClusterFixture, _ index: SearchIndex, _ cluster: ClusterIndex, _ queries: [String]
    ) throws {
        var settings = index.settings
        settings.limit = 50
        settings.mode = .lexical
        #expect(
            try answers(cluster, fixture.engine, settings, queries) == answers(index, fixture.engine, settings, queries)
        )
    }

    @Test func shardsWithoutDocumentsTakePart() throws {
        let fixture = try ClusterFixture(build: ["lexical", "dense", "generative"])
        let documents = [TestDocument(id: "only", title: "Tide", text: "The moon pulls the oceans.")]
        let index = try fixture.index(documents)
        let cluster = try fixture.cluster(fixture.shards(documents, count: 4))
        #expect(cluster.documentCount == 1)
        for mode in ["lexical", "dense", "generative", "hybrid"] {
            var settings = index.settings
            settings.mode = SearchMode(rawValue: mode)
            let expected = try answers(index, fixture.engine, settings, ["moon and oceans"])
            #expect(expected.contains("only"))
            #expect(try answers(cluster, fixture.engine, settings, ["moon and oceans"]) == expected, "\(mode)")
        }
    }

    @Test func additionsReplacementsAndDeletionsAreSeen() throws {
        let fixture = try ClusterFixture(build: ["lexical"])
        let documents = try ClusterFixture.articles(60)
        let index = try fixture.index(documents)
        let shards = try fixture.shards(documents, count: 3)
        let cluster = try fixture.cluster(shards)
        let queries = ["century", "city of the river", "war"]
        try expectEqual(fixture, index, cluster, queries)
        let added = (0..<20).map { TestDocument(id: "new\($0)", title: "War", text: "A war of the century.") }
        let replaced = [TestDocument(id: "d4", title: "River", text: "A city of the river.")]
        try fixture.add(added + replaced, to: index.path, shards: shards)
        try fixture.engine.delete([DocumentID("d1"), DocumentID("new3")], from: index.path)
        for shard in shards {
            try fixture.engine.delete([DocumentID("d1"), DocumentID("new3")], from: shard, ignoringMissing: true)
        }
        let newest = try index.refreshed()
        let refreshed = try cluster.refreshed()
        #expect(refreshed !== cluster)
        #expect(refreshed.documentCount == newest.documents.documentCount)
        try expectEqual(fixture, newest, refreshed, queries)
        // What was open keeps its commit for a while.
        try expectEqual(fixture, index, cluster, queries)
    }

    @Test func aSearchThatACommitOverlapsBeginsAgain() throws {
        let fixture = try ClusterFixture(build: ["lexical"])
        let shards = try fixture.shards(try ClusterFixture.articles(30), count: 2)
        let forgetful = try shards.map { try ForgetfulShard(path: $0, engine: fixture.engine) }
        let cluster = try ClusterIndex(name: "cluster", forgetful)
        for (number, shard) in shards.enumerated() {
            try fixture.engine.add(
                DocumentListing([TestDocument(id: "late \(number)", title: "Late", text: "late arrival")]).corpus(
                    in: fixture),
                to: shard, shard: ShardNumber(number, of: 2))
        }
        for shard in forgetful { shard.forget() }
        var settings = cluster.settings
        settings.mode = .lexical
        let error = #expect(throws: TrawlError.self) { try answers(cluster, fixture.engine, settings, ["late"]) }
        #expect(error?.code == .busy)
        let found = try cluster.answering { try answers($0, fixture.engine, settings, ["late arrival"]) }
        #expect(found.contains("late "))
    }

    @Test func whatIsNoShardOfOneIndexIsRefused() throws {
        let fixture = try ClusterFixture(build: ["lexical"])
        let documents = try ClusterFixture.articles(20)
        let shards = try fixture.shards(documents, count: 3)
        func message(_ paths: [String]) -> String? {
            let error = #expect(throws: TrawlError.self) { try fixture.cluster(paths) }
            return error?.message
        }
        #expect(
            message([shards[1], shards[0], shards[2]])?.contains("shard 1 of 3, but shard 0 of 3 is expected") == true
        )
        #expect(message([shards[0], shards[1]])?.contains("shard 0 of 3, but shard 0 of 2") == true)
        let whole = try fixture.index(documents)
        #expect(message([whole.path, shards[1], shards[2]])?.contains("is not a shard") == true)
        let other = try ClusterFixture(build: ["lexical", "generative"])
        let others = try other.shards(documents, count: 3)
        #expect(message([shards[0], others[1], shards[2]])?.contains("are not shards of the same index") == true)
    }

    @Test func aShardThatFailsIsNamed() throws {
        let fixture = try ClusterFixture(build: ["lexical", "dense"])
        let shards = try fixture.shards(try ClusterFixture.articles(30), count: 3)
        var connections: [any ShardConnection] = try shards.map { try LocalShard(path: $0, engine: fixture.engine) }
        let frail = FrailShard(connections[1])
        connections[1] = frail
        let strict = try ClusterIndex(name: "strict", connections)
        let lenient = try ClusterIndex(name: "lenient", connections, allowsPartial: true)
        let whole = try answers(strict, fixture.engine, strict.settings, ["century"])
        frail.fails.store(true)
        let error = #expect(throws: TrawlError.self) {
            try answers(strict, fixture.engine, strict.settings, ["century"])
        }
        #expect(error?.message.contains("shard 1 (frail)") == true)
        #expect(error?.code == .unavailable)
        let partial = try answers(lenient, fixture.engine, lenient.settings, ["century"])
        #expect(partial.components(separatedBy: "shard 1 did not answer: its documents are missing").count == 2)
        #expect(partial != whole)
        // One that is missing from the start is said too.
        let late = try ClusterIndex(name: "late", connections, allowsPartial: true)
        #expect(try answers(late, fixture.engine, late.settings, ["century"]).contains("shard 1 did not answer"))
        #expect(throws: TrawlError.self) { try ClusterIndex(name: "strict", connections) }
        frail.fails.store(false)
        #expect(try answers(lenient, fixture.engine, lenient.settings, ["century"]) == whole)
    }

    @Test(arguments: ["lexical", "generative"])
    func whatIsKnownOfACommitIsNotAskedAgain(mode: String) throws {
        let fixture = try ClusterFixture(build: [mode])
        let documents = try ClusterFixture.articles(30)
        let shards = try fixture.shards(documents, count: 2)
        let counted = try shards.map { FrailShard(try LocalShard(path: $0, engine: fixture.engine)) }
        let cluster = try ClusterIndex(name: "cluster", counted)
        var settings = cluster.settings
        settings.mode = SearchMode(rawValue: mode)
        func questions(_ cluster: ClusterIndex) throws -> Int {
            let before = counted[0].questions
            _ = try answers(cluster, fixture.engine, settings, ["music of the century"])
            return counted[0].questions - before
        }
        let first = try questions(cluster)
        #expect(try questions(cluster) < first)
        // A commit changes what shards have.
        try fixture.engine.add(
            DocumentListing([TestDocument(id: "new", title: "New", text: "music")]).corpus(in: fixture), to: shards[0])
        try fixture.engine.add(
            DocumentListing([TestDocument(id: "new", title: "New", text: "music")]).corpus(in: fixture), to: shards[1])
        #expect(try questions(cluster.refreshed()) == first)
    }

    @Test func aMethodThatTheShardsLackIsRefused() throws {
        let fixture = try ClusterFixture(build: ["lexical"])
        let cluster = try fixture.cluster(fixture.shards(try ClusterFixture.articles(5), count: 1))
        var settings = cluster.settings
        settings.mode = .dense
        let error = #expect(throws: TrawlError.self) { try answers(cluster, fixture.engine, settings, ["x"]) }
        #expect(error?.message.contains("has no dense part") == true)
    }
}
