import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

@Suite struct BadInputTests {
    private func load(_ json: String) throws -> Tokenizer { try load(Array(json.utf8)) }

    private func load(_ bytes: [UInt8]) throws -> Tokenizer {
        let folder = try TemporaryFolder()
        return try Tokenizer(contentsOf: folder.write("tokenizer.json", bytes))
    }

    private func failure(_ json: String) -> TrawlError? {
        do {
            _ = try load(json)
            return nil
        } catch { return error as? TrawlError }
    }

    private func bpe(
        vocabulary: String = #"{"a":0,"b":1,"ab":2}"#, merges: String = #"["a b"]"#, more: String = ""
    ) -> String { #"{"model":{"type":"BPE","vocab":\#(vocabulary),"merges":\#(merges)}\#(more)}"# }

    @Test func aSoundFileLoads() throws {
        let tokenizer = try load(bpe())
        #expect(tokenizer.encodeIDs("abab") == [2, 2])
        #expect(try load(bpe(merges: #"[["a","b"]]"#)).encodeIDs("ab") == [2])
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: TrawlError.self) { try Tokenizer(contentsOf: "/nowhere/tokenizer.json") }
        #expect(error?.code == .notFound && error?.path == "/nowhere/tokenizer.json" && error?.remedy != nil)
    }

    @Test func truncatedFilesAreRefusedWithAPlace() throws {
        let whole = try #require(FileManager.default.contents(atPath: Golden.path("t5")))
        for length in stride(from: 1, to: whole.count - 1, by: whole.count / 60) {
            let error = #expect(throws: TrawlError.self) { try load(Array(whole[..<length])) }
            #expect(error?.code == .corrupted && error?.path != nil && error?.line != nil && error?.remedy != nil)
        }
    }

    @Test func damagedFilesNeverCrash() throws {
        let whole = Array(try #require(FileManager.default.contents(atPath: Golden.path("oddities"))))
        var random = SplitMix64(seed: 1)
        for _ in 0..<150 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            do { _ = try load(bytes).encode("Text 123 tail") } catch { #expect(error is TrawlError) }
        }
    }

    @Test(arguments: [
        "", "[]", "{}", "nul", "{\"model\":3}", "{\"model\":{\"type\":\"BPE\"}}", "[[[[[", "{\"a\":1}x", "\"\\ud800\"",
        "{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}",
        "{\"model\":{\"type\":\"Unigram\",\"vocab\":[[1]]}}",
    ])
    func whatIsNoTokenizerIsRefused(_ json: String) {
        #expect(failure(json) != nil)
    }

    @Test func deepNestingIsRefused() {
        #expect(failure(String(repeating: "[", count: 100_000))?.message.contains("nested") == true)
    }

    @Test func unknownComponentsAreNamed() {
        for (stage, type) in [
            ("normalizer", "Sparkle"), ("pre_tokenizer", "Shredder"), ("post_processor", "Glue"), ("decoder", "Ring"),
        ] {
            let error = failure(bpe(more: #","\#(stage)":{"type":"\#(type)"}"#))
            #expect(error?.code == .unsupported && error?.message.contains(type) == true && error?.path != nil)
        }
        #expect(failure(#"{"model":{"type":"WordLevel","vocab":{"a":0}}}"#)?.code == .unsupported)
    }

    @Test func mergesMustNameTokens() {
        #expect(failure(bpe(merges: #"["a c"]"#))?.message.contains("'c'") == true)
        #expect(failure(bpe(merges: #"["b a"]"#))?.message.contains("'ba'") == true)
        #expect(failure(bpe(merges: #"["ab"]"#)) != nil)
        #expect(failure(bpe(merges: "[3]")) != nil)
    }

    @Test func idsMustBeSound() throws {
        for ids in ["0,\"b\":0", "0,\"b\":-1", "0,\"b\":1.5", "0,\"b\":99999999999", "0,\"b\":1e300", "0,\"a\":1"] {
            #expect(failure(bpe(vocabulary: "{\"a\":\(ids),\"ab\":2}", merges: "[]")) != nil, "\(ids)")
        }
        // Holes are allowed: nobody has the id.
        let tokenizer = try load(bpe(vocabulary: #"{"a":0,"b":7,"ab":9}"#))
        #expect(tokenizer.vocabularySize == 10 && tokenizer.token(for: 5) == nil)
        #expect(tokenizer.decode([0, 5, 7]) == "a b")
    }

    @Test func addedTokensMustNotContradictTheVocabulary() {
        #expect(failure(bpe(more: #","added_tokens":[{"id":1,"content":"a"}]"#)) != nil)
        #expect(failure(bpe(more: #","added_tokens":[{"id":1,"content":"x"}]"#)) != nil)
        #expect(failure(bpe(more: #","added_tokens":[{"id":3,"content":"x"},{"id":3,"content":"y"}]"#)) != nil)
        #expect(failure(bpe(more: #","added_tokens":[{"content":"x"}]"#)) != nil)
    }

    @Test func unusableExpressionsAreNamed() {
        for pattern in ["(", "a)", "[a", "*", "(?<=ab)c", "\\\\p{Klingon}", "(a*)*", "[z-a]", "a{2000}"] {
            let stage = #","pre_tokenizer":{"type":"Split","pattern":{"Regex":"\#(pattern)"},"behavior":"Isolated"}"#
            #expect(failure(bpe(more: stage))?.code == .unsupported, "\(pattern)")
        }
    }

    @Test func expressionsThatWouldTakeForeverOrAllOfTheStackAreRefused() throws {
        for tail in ["+?", "??", "{2}", "*+"] {
            let error = #expect(throws: TrawlError.self) {
                try RegularExpression("a" + String(repeating: tail, count: 100_000))
            }
            #expect(error?.message.contains("nested too deep") == true)
        }
        // Nothing, a billion times, is still nothing.
        let start = ContinuousClock.now
        _ = try RegularExpression("(){1000}{1000}{1000}{1000}a")
        _ = try RegularExpression("(?:(?:){1000}){1000}{1000}{1000}")
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(throws: TrawlError.self) { try RegularExpression("((ab){1000}){1000}") }
    }

    @Test func aCharactersMapThatPointsOutsideIsRefusedOrHarmless() throws {
        #expect(throws: TrawlError.self) { try CharactersMap([1, 2]) }
        #expect(throws: TrawlError.self) { try CharactersMap([255, 255, 255, 127, 0, 0, 0, 0]) }
        let noise = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
        let map = try CharactersMap([128, 1, 0, 0] + noise)
        for text in TokenizerTests.salad(200, seed: 2) { _ = Pipeline.normalize(text, [.charactersMap(map)]) }
    }

    @Test func ggufVocabulariesAreChecked() throws {
        var good = try SmolGGUF.vocabulary()
        good.merges = []
        #expect(try Tokenizer(gguf: good).encodeIDs("ab").count == 2)
        func isRefused(_ change: (inout GGUFVocabulary) -> Void) -> Bool {
            var bad = good
            change(&bad)
            do {
                _ = try Tokenizer(gguf: bad)
                return false
            } catch {
                return (error as? TrawlError)?.path != nil && (error as? TrawlError)?.remedy != nil
            }
        }
        #expect(isRefused { $0.tokens = [] })
        #expect(isRefused { $0.tokens[5] = $0.tokens[6] })
        #expect(isRefused { $0.tokenTypes.removeLast() })
        #expect(isRefused { $0.model = "rwkv" })
        #expect(isRefused { $0.scores = [Float](repeating: .nan, count: $0.tokens.count) })
        #expect(isRefused { $0.preTokenizer = "unheard-of" })
        #expect(isRefused { $0.merges = ["absent token"] })
        #expect(isRefused { $0.bosID = 1_000_000 })
    }
}
