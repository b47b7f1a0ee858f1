import Foundation
import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlGeneration

/// SmolLM2 writing n-grams of real passages.
@Suite(.serialized) struct RealGeneratorTests {
    private struct Lead: Decodable {
        let title: String
        let extract: String
    }

    private static let prompts = SEALPrompts(
        body: "Question: {query}\nAnswer:", title: "Question: {query}\nTitle of the article:",
        rescoring: "Question: {query}\nAnswer:")

    private func makeSearcher(
        _ change: (inout SEALParameters) -> Void = { _ in }
    ) throws -> (GenerativeSearcher<SuffixArrayCorpus>, any DecodingSession, GeneratorEncoding) {
        let folder = try ModelFolder(path: TestFiles.model("smollm2-135m-instruct"))
        let tokenizer = try folder.loadTokenizer()
        let file = URL(filePath: TestFiles.home + "/corpora/wikipedia-leads/summaries_en-us.json")
        let leads = try JSONDecoder().decode([String: Lead].self, from: Data(contentsOf: file))
        let passages = leads.values.sorted { $0.title < $1.title }.prefix(250).map { lead in
            tokenizer.encodeIDs(" \(lead.title) @@ \(lead.extract)", addSpecialTokens: false)
        }
        // Token 0 is <|endoftext|>, which no text has.
        let corpus = SuffixArrayCorpus(passages, boundary: 0)
        let encoding = GeneratorEncoding(
            prompt: { tokenizer.encodeIDs($0, addSpecialTokens: true) },
            text: { tokenizer.encodeIDs($0, addSpecialTokens: false) })
        var parameters = SEALParameters()
        parameters.body = BeamSearchParameters(beams: 4, length: 4)
        parameters.title = BeamSearchParameters(beams: 4, length: 6)
        change(&parameters)
        let session = try folder.loadDecoder().makeSession()
        let searcher = try GenerativeSearcher(
            oracle: corpus, session: session, encoding: encoding, parameters: parameters, prompts: Self.prompts)
        return (searcher, session, encoding)
    }

    @Test func realKeysOccurAndHaveTheProbabilitiesOfTeacherForcing() throws {
        let (searcher, session, encoding) = try makeSearcher()
        let query = "What is the capital of Afghanistan?"
        let keys = try searcher.keys(for: [query])[0].keys.map(\.key)
        #expect(Set(keys.map(\.origin)).isSuperset(of: [.body, .query]))
        #expect(keys.filter { $0.origin == .body }.count >= 20)
        for key in keys {
            #expect(key.count > 0 && searcher.oracle.range(of: key.tokens).map(searcher.oracle.count) == key.count)
        }
        let continuations = keys.map { $0.origin == .title ? Array($0.tokens.dropFirst()) : $0.tokens }
        let prefixes = try keys.map {
            let template = $0.origin == .title ? Self.prompts.title ?? Self.prompts.body : Self.prompts.body
            return try encoding.prompt(template.replacing("{query}", with: query))
        }
        let rows = try session.logProbabilities(of: continuations, after: prefixes)
        for (key, row) in zip(keys, rows) {
            #expect(abs(key.logProbability - row.reduce(0) { $0 + Double($1) }) < 1e-2, "\(key)")
        }
    }

    @Test func realSelectionIsExact() throws {
        var found: [[[TokenID]]] = []
        for selection in [CandidateSelection.lazy, .fullMask] {
            let (searcher, _, _) = try makeSearcher { $0.body.selection = selection }
            found.append(try searcher.keys(for: ["Which river flows through Germany?"])[0].keys.map(\.key.tokens))
        }
        #expect(found[0] == found[1])
    }

    @Test func realQueriesFindPassagesThatSayWhy() throws {
        let (searcher, _, _) = try makeSearcher()
        let started = ContinuousClock.now
        let results = try searcher.search(["What is the capital of Afghanistan?", "history of aviation"], k: 3)
        if ProcessInfo.processInfo.environment["TRAWL_TIMING"] != nil {
            print("2 queries in \(ContinuousClock.now - started)")
            for result in results {
                for entry in try result.explanations() {
                    print(result.query, entry.passage, entry.score, entry.keys.count)
                }
            }
        }
        for result in results {
            #expect(result.ranking.count == 3)
            for entry in try result.explanations() {
                let passage = searcher.oracle.tokens(of: entry.passage)
                #expect(!entry.keys.isEmpty)
                for match in entry.keys {
                    let tokens = result.keys[match.key].tokens.filter { $0 != searcher.oracle.boundary }
                    #expect(Array(passage[match.tokens]) == tokens)
                }
            }
        }
    }
}
