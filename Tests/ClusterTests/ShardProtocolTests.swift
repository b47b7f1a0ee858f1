import Foundation
import Testing
import TrawlCore
import TrawlEngine
import TrawlGeneration
import TrawlLexicalIndex
import TrawlTestSupport

@testable import TrawlCluster

/// Messages of the protocol as bytes.
@Suite struct ShardProtocolTests {
    private func roundTrip<Value: ByteCodable>(_ value: Value) throws -> Value {
        var writer = ByteWriter()
        writer.append(value)
        var reader = ByteReader(writer.bytes)
        let read = try reader.next(Value.self)
        try reader.finish()
        return read
    }

    @Test func numbersKeepEveryBit() throws {
        for value: UInt64 in [0, 1, 127, 128, 300, 1 << 32, .max - 1, .max] { #expect(try roundTrip(value) == value) }
        for value: Float in [0, -0.0, .leastNonzeroMagnitude, 1 / 3, -.infinity, .greatestFiniteMagnitude] {
            #expect(try roundTrip(value).bitPattern == value.bitPattern)
        }
        for value: Double in [.pi, -1e-300] { #expect(try roundTrip(value).bitPattern == value.bitPattern) }
        #expect(try roundTrip(["", "naïve ☀", "a\u{0}b"]) == ["", "naïve ☀", "a\u{0}b"])
        #expect(try roundTrip([Int?.none, 7]) == [nil, 7])
    }

    /// Old coordinators must be told that they do not fit, rather than be misunderstood: these bytes may not change.
    @Test func aQuestionHasTheseBytes() {
        let frame = ShardFrame.question(2, commit: 0x0102, TermFrequencies(terms: [[0x61, 0x62], []]))
        #expect(
            frame == [0x54, 0x52, 0x53, 0x51, 1, 0, 2, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 2, 0x61, 0x62, 0])
        #expect(ShardOperation.allCases.map(\.rawValue) == Array(1...20))
    }

    @Test func countsAreComparedWithTheBytesThereAre() {
        for bytes: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [5, 1, 2], [0x80], Array(repeating: 0xFF, count: 12)] {
            var reader = ByteReader(bytes)
            #expect(throws: ByteFault.self) { try reader.next([[UInt8]].self) }
        }
    }

    @Test func tokensAscend() {
        var reader = ByteReader([2, 5, 1, 0, 1])
        #expect(throws: ByteFault.self) { try reader.next(TokenCounts.self) }
    }

    @Test func queriesAreNotNestedWithoutEnd() {
        var reader = ByteReader([0, 1] + Array(repeating: [0, 1, 0], count: 100_000).joined())
        #expect(throws: ByteFault.self) { try reader.next(OperatorQuery.self) }
    }

    /// Questions of every kind to a real shard, with bytes changed at random: every one is answered, and none ends the process.
    @Test func anyBytesGetAnAnswer() throws {
        let fixture = try ClusterFixture(build: ["lexical", "dense", "generative"])
        let service = ShardService(try fixture.index(try ClusterFixture.articles(12)))
        var random = SplitMix64(seed: 27)
        var answered = 0
        for question in try Self.questions() {
            let answer = service.answer(question)
            #expect(!ShardMessage.isFailure(answer), "operation \(question[6])")
            for _ in 0..<60 {
                var changed = question
                for _ in 0..<(1 + random.below(3)) where changed.count > 16 {
                    switch random.below(3) {
                    case 0: changed[16 + random.below(changed.count - 16)] = UInt8(random.below(256))
                    case 1: changed.remove(at: 16 + random.below(changed.count - 16))
                    default: changed.insert(UInt8(random.below(256)), at: 16 + random.below(changed.count - 16))
                    }
                }
                if !ShardMessage.isFailure(service.answer(changed)) { answered += 1 }
            }
            for length in 0..<question.count { _ = service.answer(Array(question.prefix(length))) }
        }
        #expect(answered > 0)
    }

    /// A question of some kilobytes must not make a shard answer by gigabytes.
    @Test func anAnswerHasABound() throws {
        let fixture = try ClusterFixture(build: ["lexical", "generative"])
        let service = ShardService(try fixture.index(try ClusterFixture.articles(12)))
        let all = ShardFrame.question(
            ShardOperation.nextTokens.rawValue, commit: 0, NextTokens(ngrams: Array(repeating: [], count: 50_000)))
        let answer = service.answer(all)
        #expect(ShardMessage.isFailure(answer))
        #expect(String(decoding: answer, as: UTF8.self).contains("more than 256 MiB"))
    }

    static func questions() throws -> [[UInt8]] {
        func frame<Question: ShardQuestion>(_ question: Question) -> [UInt8] {
            ShardFrame.question(Question.operation.rawValue, commit: 0, question)
        }
        let scope = SearchScope(limit: 5, conditions: ["year>1900"])
        let scorer = BM25Scorer(base: 0.5, perTerm: 0.01)
        let terms = [WeightedTerm(bytes: Array("centuri".utf8), occurrences: 1, weight: 1.5, passageFrequency: 3)]
        var query = OperatorQuery()
        query.leaves = [
            .init(
                name: "century", field: .text, terms: [.init(bytes: Array("centuri".utf8), closeness: 1)], weight: 1,
                passageFrequency: 2, isWanted: true)
        ]
        query.root = .group([(.required, .leaf(0))])
        let keys = KeyQuery(
            keys: [.init(tokens: [1996, 2034], weight: 2, isLocated: true)], unigrams: [.init(token: 1996, weight: 0.5)]
        )
        let scoring = KeyScoring(SEALParameters(), tokenCount: 1000, passageCount: 12)
        return [
            frame(DescribeShard()), frame(TermFrequencies(terms: [Array("centuri".utf8)])),
            frame(ExpandTerm(term: Array("cen".utf8), edits: nil)),
            frame(ExpandTerm(term: Array("centur".utf8), edits: 1)),
            frame(SearchTerms(queries: [terms, []], scorer: scorer, scope: scope)),
            frame(SearchOperators(query: query, scorer: scorer, scope: scope)),
            frame(AllowedPassages(query: query, passages: [0, 3])),
            frame(ExplainTerms(terms: terms, scorer: scorer, passage: 2)),
            frame(ExplainOperators(query: query, scorer: scorer, passage: 2)),
            frame(FindWrittenForm(term: Array("centuri".utf8), word: "Centuri")),
            frame(
                SearchVectors(
                    vectors: [(0..<384).map { Float($0) }], isExact: false, width: nil, scope: scope)),
            frame(PassageVectors(passages: [1])), frame(NextTokens(ngrams: [[], [1996], [1996, 2034]])),
            frame(LocateNGrams(ngrams: [[1996], [7, 8]], limit: 100)),
            frame(RankKeys(pass: .only, queries: [keys], scoring: scoring, scope: scope)),
            frame(RankKeys(pass: .first, queries: [keys], scoring: scoring, scope: scope)),
            frame(RankKeys(pass: .full, queries: [keys], scoring: scoring, scope: scope, candidates: [[1, 2]])),
            frame(PassageTokenLists(passages: [4])), frame(FetchPassages(passages: [0, 1])),
            frame(DocumentPassages(document: "d1")), frame(MissingFields(conditions: ["nothing=1"])),
            frame(FindPhrase(.clauses, "of the AND in")), frame(FindPhrase(.matches(clauseCounts: [3]), "of the")),
            frame(FindPhrase(.suffixes, "one of the")), frame(FindPhrase(.next(suffixLengths: [1]), "the")),
            frame(FetchDocument(id: "d1")),
        ]
    }
}
