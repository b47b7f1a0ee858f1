import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlReranking

/// Answers that a token is as probable as it is common in the prompt, with one count added for each token.
private final class CountingLanguageModel: DecodingSession {
    let vocabularySize = 128
    let contextLength: Int
    private(set) var passes: [Int] = []
    private(set) var longest = 0

    init(contextLength: Int) { self.contextLength = contextLength }

    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] {
        passes.append(prompts.count)
        return zip(continuations, prompts).map { continuation, prompt in
            longest = max(longest, prompt.count + continuation.count)
            return continuation.map { token in
                let count = prompt.reduce(0) { $0 + ($1 == token ? 1 : 0) }
                return log(Float(count + 1) / Float(prompt.count + vocabularySize))
            }
        }
    }

    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep { throw TrawlError(.unsupported, "not needed here") }
    func advance(_ rows: [DecodingRow]) throws -> DecodingStep { throw TrawlError(.unsupported, "not needed here") }
    func reset() {}
}

@Suite struct QueryLikelihoodTests {
    /// A token a byte.
    private func encode(_ text: String) -> [TokenID] { text.utf8.map { TokenID($0) % 128 } }

    private func scorer(
        context: Int = 400, change: (inout QueryLikelihood.Parameters) -> Void = { _ in }
    ) throws -> (QueryLikelihood, CountingLanguageModel) {
        var parameters = QueryLikelihood.Parameters()
        parameters.prompt = "<{passage}>"
        change(&parameters)
        let model = CountingLanguageModel(contextLength: context)
        let scorer = try QueryLikelihood(session: model, start: [1], parameters: parameters) { text in
            text.utf8.map { TokenID($0) % 128 }
        }
        return (scorer, model)
    }

    @Test func passagesThatMakeTheQueryLikelyStandFirst() throws {
        let (scorer, _) = try scorer()
        let scores = try scorer.scores(query: "zebra", passages: ["zebra zebra", "a plain text", "zebra"])
        #expect(scores[0] > scores[2] && scores[2] > scores[1])
    }

    @Test func aSumIsTheMeanTimesTheTokens() throws {
        let mean = try scorer().0.scores(query: "ab c", passages: ["abc", ""])
        let sum = try scorer { $0.isMean = false }.0.scores(query: "ab c", passages: ["abc", ""])
        for (a, b) in zip(mean, sum) { #expect(abs(a * 5 - b) < 1e-4) }
        // By hand: prompt 1 < a b c >, query " ab c".
        let expected = 3 * log(Float(2) / 134) + 2 * log(Float(1) / 134)
        #expect(abs(sum[0] - expected) < 1e-4)
    }

    @Test func longPassagesAreCutToTheContext() throws {
        let (scorer, model) = try scorer(context: 40)
        let text = String(repeating: "x", count: 500)
        #expect(try scorer.fitted(text, room: 20).tokens == [1, 60] + encode(String(text.prefix(17))) + [62])
        _ = try scorer.scores(query: "query", passages: [text, "short"])
        #expect(model.longest == 40)
        let (shorter, cut) = try self.scorer { $0.maximumTokens = 25 }
        _ = try shorter.scores(query: "query", passages: [text])
        #expect(cut.longest == 25)
    }

    @Test func passesArePackedUpToTheirSize() throws {
        let (scorer, model) = try scorer { $0.tokensPerPass = 30 }
        let scores = try scorer.scores(query: "q", passages: ["aaaaaaa", "bbbbbbb", "ccccccc", "d", ""])
        #expect(model.passes == [2, 3])
        let (whole, _) = try self.scorer()
        #expect(try scores == whole.scores(query: "q", passages: ["aaaaaaa", "bbbbbbb", "ccccccc", "d", ""]))
        #expect(try whole.scores(query: "q", passages: []).isEmpty)
    }

    @Test func badInputIsRefused() throws {
        #expect(throws: TrawlError.self) { try scorer().0.scores(query: " ", passages: ["a"]) }
        #expect(throws: TrawlError.self) { try scorer { $0.prompt = "no place" } }
        #expect(throws: TrawlError.self) { try scorer { $0.continuation = "no place" } }
        #expect(throws: TrawlError.self) { try scorer { $0.tokensPerPass = 0 } }
        #expect(throws: TrawlError.self) {
            try scorer(context: 12).0.scores(query: "a long query indeed", passages: ["a"])
        }
    }
}
