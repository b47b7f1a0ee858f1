import Testing
import TrawlCore
import TrawlModels
import TrawlTestSupport

@testable import TrawlReranking

@Suite struct ListwiseRankerTests {
    @Test(arguments: [
        ("[2] > [3] > [1]", [1, 2, 0], true),
        ("[2] > [2] > [1]", [1, 0, 2], false),
        ("[3]", [2, 0, 1], false),
        ("[0] > [9] > [2]", [1, 0, 2], false),
        ("the second is best", [0, 1, 2], false),
        ("", [0, 1, 2], false),
        ("3,1,2 and no more than 99999999999999999999", [2, 0, 1], false),
    ])
    func malformedListsAreRepaired(_ text: String, _ order: [Int], _ isComplete: Bool) {
        let answer = ListwiseAnswer(text, count: 3)
        #expect(answer.order == order && answer.isComplete == isComplete)
    }

    @Test func windowsMoveFromTheEndToTheBeginning() {
        let parameters = ListwiseRanker.Parameters()
        func windows(_ count: Int) -> [Range<Int>] { ListwiseRanker.windows(count: count, parameters) }
        #expect(windows(5) == [0..<5] && windows(20) == [0..<20])
        #expect(windows(25) == [5..<25, 0..<15])
        #expect(windows(40) == [20..<40, 10..<30, 0..<20])
    }

    /// A model that writes what it is told, whatever it reads; a token is a byte.
    private final class Script: DecodingSession {
        let vocabularySize = 128
        let contextLength: Int
        let answer: (String) -> String
        private(set) var prompts: [String] = []
        private var rest: [UInt8] = []
        private let memory = Memory()

        private final class Memory {
            let logits = UnsafeMutablePointer<Float>.allocate(capacity: 128)
            deinit { logits.deallocate() }
        }

        init(contextLength: Int, answer: @escaping (String) -> String) {
            self.contextLength = contextLength
            self.answer = answer
        }

        private func next() -> DecodingStep {
            for token in 0..<128 { memory.logits[token] = 0 }
            memory.logits[rest.isEmpty ? 0 : Int(rest.removeFirst())] = 1
            return DecodingStep(
                nodes: [CacheNode(index: 0)], logits: UnsafeBufferPointer(start: memory.logits, count: 128),
                vocabularySize: 128, owner: memory)
        }

        func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep {
            let text = String(decoding: prompts[0].map { UInt8($0) }, as: UTF8.self)
            self.prompts.append(text)
            rest = Array(answer(text).utf8)
            return next()
        }

        func advance(_ rows: [DecodingRow]) throws -> DecodingStep { next() }

        func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]] { [] }

        func reset() {}
    }

    private func ranker(_ session: Script, _ change: (inout ListwiseRanker.Parameters) -> Void) throws -> ListwiseRanker
    {
        var parameters = ListwiseRanker.Parameters()
        change(&parameters)
        return try ListwiseRanker(
            session: session, frame: ListwiseRanker.Frame(), parameters: parameters, start: [], isEnd: { $0 == 0 },
            encode: { $0.utf8.map { TokenID($0 % 128) } },
            decode: { String(decoding: $0.map { UInt8($0) }, as: UTF8.self) })
    }

    @Test func theBestPassageMovesUpThroughAllWindows() throws {
        // Each answer puts the passage with a star first and leaves the others out.
        let session = Script(contextLength: 4096) { prompt in
            let line = prompt.split(separator: "\n").first { $0.contains("*") } ?? "[1]"
            return line.drop { $0 == "[" }.prefix { $0 != "]" } + "]\nand more"
        }
        let ranker = try ranker(session) {
            $0.window = 4
            $0.step = 2
        }
        var passages = (0..<9).map { "passage\nnumber \($0)" }
        passages[8] += " *"
        let order = try ranker.order(query: "query", passages: passages)
        #expect(order.passages == [8, 0, 1, 2, 3, 4, 5, 6, 7])
        #expect(order.windowCount == 4 && order.repairedCount == 4 && order.cutCount == 0)
        #expect(session.prompts[0].contains("\n[1] passage number 5\n[2] passage number 6"))
        #expect(session.prompts[0].hasSuffix("\n["))
    }

    @Test func longPassagesAreCutToTheContext() throws {
        let session = Script(contextLength: 900) { _ in "2] > [1]" }
        let order = try ranker(session) { _ in }.order(
            query: "query", passages: [String(repeating: "x", count: 500), "short"])
        #expect(order.passages == [1, 0] && order.repairedCount == 0 && order.cutCount == 1)
        #expect((session.prompts.first?.utf8.count ?? 0) < 900)
        #expect(throws: TrawlError.self) {
            try ranker(Script(contextLength: 400) { _ in "" }) { _ in }.order(query: "query", passages: ["a", "b"])
        }
        #expect(throws: TrawlError.self) { try ranker(session) { $0.step = 21 } }
        #expect(throws: TrawlError.self) { try ranker(session) { _ in }.order(query: "", passages: ["a", "b"]) }
        #expect(try ranker(session) { _ in }.order(query: "q", passages: ["a"]).passages == [0])
    }
}
