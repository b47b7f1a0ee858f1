import Foundation
import Testing
import TrawlEngine

@testable import TrawlServer

@Suite struct SearchRouteTests {
    @Test func aSearchAnswersWithHitsScoresAndMetadata() async throws {
        let server = try await RunningServer()
        let answer = try await server.post(
            "/v1/search", #"{"query": "what pulls the oceans", "k": 2, "explain": true}"#)
        #expect(answer.status == 200)
        #expect(answer.hits.first == "moon")
        let hit = try #require((answer.object["hits"] as? [[String: Any]])?.first)
        #expect((hit["metadata"] as? [String: Any])?["year"] as? Int == 1999)
        #expect((hit["stages"] as? [[String: Any]])?.first?["stage"] as? String == "lexical")
        #expect((hit["matches"] as? [[String: Any]])?.isEmpty == false)
        #expect(answer.object["mode"] as? String == "lexical" && answer.object["index"] as? String == "notes")
    }

    @Test func queriesInAListAreAnsweredInTheirOrder() async throws {
        let server = try await RunningServer()
        let answer = try await server.post("/v1/search", #"{"queries": ["sugar", "magma", "nest"], "k": 1}"#)
        let results = try #require(answer.object["results"] as? [[String: Any]])
        let first = results.map { (($0["hits"] as? [[String: Any]])?.first)?["document"] as? String }
        #expect(first == ["leaf", "rock", "bird"])
    }

    @Test func aHighlightIsASnippetWithRanges() async throws {
        let server = try await RunningServer()
        let answer = try await server.post("/v1/search", #"{"query": "magma", "highlight": true}"#)
        let hit = try #require((answer.object["hits"] as? [[String: Any]])?.first)
        let snippet = try #require(hit["snippet"] as? [String: Any])
        let range = try #require((snippet["ranges"] as? [[String: Any]])?.first)
        let text = Array((snippet["text"] as? String ?? "").unicodeScalars)
        let marked = text[(range["start"] as? Int ?? 0)..<(range["end"] as? Int ?? 0)]
        #expect(String(String.UnicodeScalarView(marked)) == "magma")
        // What was found out for the snippet alone is not told.
        #expect((hit["matches"] as? [Any])?.isEmpty == true)
    }

    @Test func aFilterLeavesOutWhatDoesNotMeetIt() async throws {
        let server = try await RunningServer()
        let answer = try await server.post("/v1/search", #"{"query": "the air light", "filter": "year>=2015"}"#)
        #expect(Set(answer.hits) == ["bird", "sky"])
    }

    @Test(arguments: [
        (#"{"query": "a", "kk": 1}"#, "$.kk", "did you mean \"k\""), (#"{"query": "a", "k": 0}"#, "$.k", "1 to 1000"),
        (#"{"query": "a", "k": 1e300}"#, "$.k", "1 to 1000"), (#"{"query": "a", "k": "5"}"#, "$.k", "whole number"),
        (#"{"query": " "}"#, "$.query", "give a text"), (#"{"query": 5}"#, "$.query", "give a string"),
        (#"{}"#, "$.query", "give the field query"),
        (#"{"query": "a", "filter": "year >"}"#, "$.filter", "comparisons"),
        (#"{"query": "a", "filter": ["year=1", "="]}"#, "$.filter[1]", "comparisons"),
        (#"{"query": "a", "senses": "bank"}"#, "$.senses", "bank#2"),
        (#"{"query": "a", "senses": ["a#1", "b#0"]}"#, "$.senses[1]", "bank#2"),
        (#"{"queries": []}"#, "$.queries", "at least one"), (#"{"queries": ["a", 3]}"#, "$.queries[1]", "string"),
        (#"{"query": "a", "queries": ["b"]}"#, "$.query", "one of them"),
        (#"{"query": "a", "mode": "magic"}"#, "$.mode", "lexical"),
        (#"{"query": "a", "weights": {"dense": -1}}"#, "$.weights.dense", "from 0 up"),
        (#"{"query": "a", "weights": {"magic": 1}}"#, "$.weights.magic", "dense"),
        (#"{"query": "a", "mode": "lexical", "weights": {"lexical": 1}}"#, "$.weights", "hybrid"),
        (#"{"query": "a", "rerank": 3}"#, "$.rerank", "chain"),
        (#"{"query": "a", "rerank": "x:y"}"#, "$.rerank", "chain"),
        (#"{"queries": ["a"], "stream": true}"#, "$.stream", "one query"), (#"[1]"#, "$", "object"),
    ])
    func aFaultNamesItsPlaceAndWhatToDo(body: String, place: String, remedy: String) async throws {
        let answer = try await Self.shared.value.post("/v1/search", body)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.error["param"] as? String == place, "\(answer.text)")
        let told = "\(answer.error["message"] ?? "") \(answer.error["remedy"] ?? "")"
        #expect(told.contains(remedy) || remedy == "chain", "\(answer.text)")
    }

    /// An answer is not a copy of a name that fills the request.
    @Test func aLongNameIsCut() async throws {
        let name = String(repeating: "a", count: 1 << 20)
        let answer = try await Self.shared.value.post("/v1/search", #"{"query": "a", "\#(name)": 1}"#)
        #expect(answer.status == 422 && answer.bytes.count < 2000, "\(answer.bytes.count)")
    }

    private static let shared = Task { try await RunningServer() }

    /// What only the index knows to be wrong.
    @Test(arguments: [
        (#"{"query": "a", "filter": ["id=moon", "colour=red"]}"#, "$.filter", "no document has the field 'colour'"),
        (#"{"query": "a", "senses": "air#1"}"#, "$.senses", "no senses were learnt"),
        (#"{"query": "a", "mode": "dense"}"#, "$.mode", "no dense part"),
        (#"{"query": "a", "weights": {"dense": 1}}"#, "$.weights", "no dense part"),
        (#"{"query": "a", "weights": {"lexical": 0}}"#, "$.weights", "every weight"),
    ])
    func aFaultThatTheIndexFindsNamesItsPlace(body: String, place: String, message: String) async throws {
        let answer = try await Self.shared.value.post("/v1/search", body)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.error["param"] as? String == place, "\(answer.text)")
        #expect((answer.error["message"] as? String)?.contains(message) == true, "\(answer.text)")
    }

    @Test func requestsNameIndexesAndModelsNeverPaths() async throws {
        let server = try await Self.shared.value
        for name in ["../notes", "/etc", "notes.trawl", "notes\\u0000", "%2e%2e"] {
            let answer = try await server.post("/v1/search", #"{"query": "a", "index": "\#(name)"}"#)
            #expect(answer.status == 404 && answer.error["param"] as? String == "$.index", "\(answer.text)")
        }
        let chain = try await server.post("/v1/search", #"{"query": "a", "rerank": "cross=/etc/passwd"}"#)
        #expect(chain.status == 404, "\(chain.text)")
        let model = try await server.post("/v1/embeddings", #"{"input": "a", "model": "/etc/passwd"}"#)
        #expect(model.status == 404 && model.error["param"] as? String == "$.model", "\(model.text)")
    }

    @Test func aStreamSendsTheHitsBeforeRerankingAndAfterIt() async throws {
        let server = try await RunningServer(build: ["lexical", "dense"])
        let answer = try await server.post(
            "/v1/search", #"{"query": "why is it blue", "rerank": "late:5", "stream": true, "k": 3}"#)
        #expect(answer.headers["content-type"] == "text/event-stream")
        let events = answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(events.map { $0.split(separator: "\n")[0] } == ["event: hits", "event: hits", "event: done"])
        let stages = events.prefix(2).map { event -> String? in
            let data = event.split(separator: "\n")[1].dropFirst("data: ".count)
            let object = (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any]
            return object?["stage"] as? String
        }
        #expect(stages == ["search", "rerank"])
        let whole = try await server.post("/v1/search", #"{"query": "why is it blue", "rerank": "late:5", "k": 3}"#)
        let last = try #require(events[1].components(separatedBy: "data: ").last)
        let streamed = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
        let hits = (streamed?["hits"] as? [[String: Any]] ?? []).compactMap { $0["document"] as? String }
        #expect(hits == whole.hits && !hits.isEmpty)
    }

    @Test func theIndexsOwnRerankersAreUsedUnlessARequestRefusesThem() async throws {
        var search = SearchSettings()
        search.rerankers = [RerankSettings(reranker: "late", depth: 5)]
        let server = try await RunningServer(build: ["lexical", "dense"], search: search)
        for (field, stages) in [("", 2), (#""rerank": false, "#, 1)] {
            let answer = try await server.post(
                "/v1/search", #"{"query": "why is it blue", \#(field)"stream": true, "k": 3}"#)
            #expect(answer.text.components(separatedBy: "event: hits").count - 1 == stages, "\(answer.text)")
        }
    }

    @Test func manyAtOnceAnswerAsOneByOne() async throws {
        let server = try await RunningServer(build: ["lexical", "dense"])
        let queries = ["oceans", "sugar from light", "cooling magma", "sleeping birds", "blue air"]
        var alone: [String: [String]] = [:]
        for query in queries {
            alone[query] = try await server.post("/v1/search", #"{"query": "\#(query)"}"#).hits
        }
        let together = try await withThrowingTaskGroup(of: (String, [String]).self) { group in
            for round in 0..<8 {
                for query in queries {
                    group.addTask { (query, try await server.post("/v1/search", #"{"query": "\#(query)"}"#).hits) }
                }
                _ = round
            }
            return try await group.reduce(into: [(String, [String])]()) { $0.append($1) }
        }
        #expect(together.count == 40)
        for (query, hits) in together { #expect(hits == alone[query], "\(query)") }
    }
}
