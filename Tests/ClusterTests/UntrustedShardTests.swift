import Testing
import TrawlCore
import TrawlEngine
import TrawlGeneration

@testable import TrawlCluster

/// Answers that cannot be right, as another version of Trawl or a stranger may give them: errors that name the shard.
@Suite struct UntrustedShardTests {
    private let fixture: ClusterFixture
    private let shards: [String]

    init() throws {
        fixture = try ClusterFixture(build: ["lexical", "dense", "generative"])
        shards = try fixture.shards(try ClusterFixture.articles(20), count: 2)
    }

    /// A cluster whose second shard answers questions of the type of `question` by `answer`.
    private func cluster<Question: ShardQuestion>(
        _ question: Question.Type, _ answer: @escaping @Sendable (Question.Answer) -> Question.Answer
    ) throws -> ClusterIndex {
        let connections = try shards.map { try LocalShard(path: $0, engine: fixture.engine) }
        let liar = LyingShard(connections[1]) { operation, bytes in
            guard operation == Question.operation.rawValue, var frame = try? ShardFrame.readAnswer(bytes),
                frame.status == 0, let truth = try? frame.body.next(Question.Answer.self)
            else { return bytes }
            return ShardFrame.answer(status: 0, commit: frame.commit, answer(truth))
        }
        return try ClusterIndex(name: "cluster", [connections[0], liar])
    }

    private func expectRefusal(
        _ message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: TrawlError.self, sourceLocation: sourceLocation) { try body() }
        #expect(error?.code == .corrupted, sourceLocation: sourceLocation)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        #expect(error?.message.contains("shard 1 (liar)") == true, sourceLocation: sourceLocation)
        #expect(error?.remedy != nil, sourceLocation: sourceLocation)
    }

    private func search(_ cluster: ClusterIndex, _ mode: SearchMode) throws {
        _ = try answers(cluster, fixture.engine, SearchSettings(mode: mode), ["the music of the century"])
    }

    @Test func rankingsAreThoseOfTheQueries() throws {
        let short = try cluster(SearchTerms.self) { Array($0.dropLast()) }
        expectRefusal("0 rankings for 1 queries") { try search(short, .lexical) }
        let long = try cluster(SearchVectors.self) { $0 + $0 }
        expectRefusal("2 rankings for 1 queries") { try search(long, .dense) }
    }

    @Test func passagesAreThoseOfTheShard() throws {
        let hit = ShardHit(passage: 1 << 31, document: 0, position: 0, score: 99)
        let passage = try cluster(SearchTerms.self) { _ in [[hit]] }
        expectRefusal("no passage 2147483648") { try search(passage, .lexical) }
        let document = try cluster(SearchVectors.self) { _ in
            [[ShardHit(passage: 0, document: .max, position: 0, score: 99)]]
        }
        expectRefusal("no passage 0") { try search(document, .dense) }
    }

    @Test func scoresAreFinite() throws {
        for score in [Float.nan, .infinity] {
            let cluster = try cluster(SearchVectors.self) { _ in
                [[ShardHit(passage: 0, document: 0, position: 0, score: score)]]
            }
            expectRefusal("not finite") { try search(cluster, .dense) }
        }
    }

    @Test func countsDoNotOverflow() throws {
        let counts = try cluster(NextTokens.self) {
            $0.map { TokenCounts(tokens: $0.tokens, counts: $0.counts.map { _ in .max }) }
        }
        expectRefusal("too large") { try search(counts, .generative) }
        let clauses = try cluster(FindPhrase.self) { found in
            var found = found
            found.numbers = found.numbers.map { _ in .max }
            return found
        }
        expectRefusal("too large") {
            _ = try clauses.phrases().count(PhraseQuery("music"), named: "music", PhraseFinder.Options())
        }
        expectRefusal("too large") {
            let cluster = try cluster(DescribeShard.self) { truth in
                var answer = truth
                answer.lexical?.terms = .max
                return answer
            }
            _ = cluster.documentCount
        }
        expectRefusal("more documents") {
            _ = try cluster(DescribeShard.self) { truth in
                var answer = truth
                answer.documents = answer.documentBound + 1
                return answer
            }
        }
    }

    @Test func rangesAreWithinTheirTexts() throws {
        let cluster = try cluster(FindPhrase.self) { found in
            var found = found
            found.passages = found.passages.map { entry in
                let far = TextRange(bytes: 0..<100_000, scalars: 0..<100_000)
                let old = entry.passage
                return FoundPhrase.Passage(
                    position: entry.position, number: entry.number,
                    passage: .init(
                        document: old.document, passage: old.passage, title: old.title, text: old.text,
                        count: old.count, ranges: [far]))
            }
            return found
        }
        expectRefusal("beyond its text") {
            var options = PhraseFinder.Options()
            options.passages = 50
            _ = try cluster.phrases().find(PhraseQuery("the"), named: "the", options)
        }
    }
}
