import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlGeneration

@Suite struct QueryWriterTests {
    private static let end: TokenID = 3
    private static let newline: TokenID = 5

    private static let passages = [(7, "alpha beta"), (8, "gamma"), (31, "delta epsilon zeta eta")].map {
        (number: $0.0, text: $0.1)
    }

    @Sendable private static func encode(_ text: String) -> [TokenID] { text.utf8.map { TokenID($0) % 60 } }

    @Sendable private static func decode(_ tokens: [TokenID]) -> String {
        tokens.map { $0 == newline ? "\n" : String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }.joined()
    }

    private func writer(
        model: HashedLanguageModel = HashedLanguageModel(seed: 5),
        _ change: (inout QueryWriter.Parameters) -> Void = { _ in }
    ) throws -> QueryWriter {
        var parameters = QueryWriter.Parameters()
        parameters.prompt = "<{passage}>"
        change(&parameters)
        return try QueryWriter(
            session: model, start: [1], isEnd: { $0 == Self.end }, parameters: parameters, encode: Self.encode,
            decode: Self.decode)
    }

    @Test func whatIsWrittenForAPassageDoesNotDependOnTheOthers() throws {
        let writer = try writer { $0.sampling.maximumTokens = 200 }
        let together = try writer.write(Self.passages, count: 3)
        #expect(together.allSatisfy { $0.count == 3 })
        for (passage, queries) in zip(Self.passages, together) {
            #expect(try writer.write([passage], count: 3)[0] == queries)
            #expect(Set(queries).count == 3)
        }
        let other = try self.writer {
            $0.sampling.maximumTokens = 200
            $0.sampling.seed = 2
        }
        #expect(try other.write(Self.passages, count: 3) != together)
    }

    @Test func withoutTemperatureTheLikeliestTokensAreWrittenUpToTheEnd() throws {
        let model = HashedLanguageModel(seed: 5)
        let queries = try writer(model: model) {
            $0.sampling.temperature = 0
            $0.sampling.maximumTokens = 400
        }.write(Self.passages, count: 2)
        var isAnyEnded = false
        for (passage, found) in zip(Self.passages, queries) {
            var context = [1] + Self.encode("<\(passage.text)>")
            var written: [TokenID] = []
            while written.count < 400 {
                let logits = model.logits(behind: context)
                let best = TokenID(logits.indices.max { logits[$0] < logits[$1] } ?? 0)
                if best == Self.end { break }
                written.append(best)
                context.append(best)
                if best == Self.newline { break }
            }
            // The same twice is kept once.
            let text = Self.decode(written).filter { $0 != "\n" }
            #expect(found == (text.isEmpty || written.count >= 400 ? [] : [text]))
            isAnyEnded = isAnyEnded || !found.isEmpty
        }
        #expect(isAnyEnded)
    }

    @Test func whatIsNotEndedInTimeIsDropped() throws {
        let long = try writer { $0.sampling.maximumTokens = 200 }.write(Self.passages, count: 8).flatMap(\.self)
        let short = try writer { $0.sampling.maximumTokens = 6 }.write(Self.passages, count: 8).flatMap(\.self)
        #expect(!short.isEmpty && short.count < long.count)
        #expect(short.allSatisfy { $0.count <= 6 })
        #expect(Set(short).isSubset(of: Set(long)))
    }

    @Test func longPassagesAreCut() throws {
        let writer = try writer { $0.passageTokens = 17 }
        let text = String(repeating: "abc", count: 500)
        let cut = String(text.prefix(17))
        let queries = try writer.write([(number: 1, text: text)], count: 4)
        #expect(!queries[0].isEmpty)
        #expect(try queries == writer.write([(number: 1, text: cut)], count: 4))
        #expect(try queries != writer.write([(number: 1, text: String(cut.dropLast()))], count: 4))
    }

    @Test func badParametersAreRefused() throws {
        #expect(throws: TrawlError.self) { try self.writer { $0.prompt = "no place" } }
        #expect(throws: TrawlError.self) { try self.writer { $0.sampling.temperature = -1 } }
        #expect(throws: TrawlError.self) { try self.writer { $0.sampling.candidates = 0 } }
        #expect(throws: TrawlError.self) {
            // The model's context has 1024 tokens.
            try self.writer {
                $0.prompt = String(repeating: "a", count: 30) + "{passage}"
                $0.sampling.maximumTokens = 1000
            }.write(Self.passages, count: 1)
        }
        #expect(try writer().write([], count: 3).isEmpty)
    }
}
