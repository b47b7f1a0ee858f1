import Testing
import TrawlCore

@testable import TrawlTokenizers

@Suite struct GGUFTests {
    /// Scores decide the order of merges: `b c` (-1) goes before `a b` (-2).
    @Test func sentencePieceVocabulariesMergeByScore() throws {
        let bytes = (0..<256).map { byte in
            "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
        }
        let words = ["▁", "a", "b", "c", "ab", "bc", "▁a", "abc"]
        var vocabulary = GGUFVocabulary(model: "llama", tokens: ["<unk>", "<s>", "</s>"] + bytes + words)
        vocabulary.tokenTypes = [2, 3, 3] + [Int](repeating: 6, count: 256) + [Int](repeating: 1, count: words.count)
        vocabulary.scores = [Float](repeating: 0, count: 259) + [-9, -9, -9, -9, -2, -1, -3, -4]
        vocabulary.bosID = 1
        vocabulary.eosID = 2
        vocabulary.unkID = 0
        let tokenizer = try Tokenizer(gguf: vocabulary)
        func tokens(_ text: String) -> [String] { tokenizer.encodeIDs(text).compactMap { tokenizer.token(for: $0) } }
        #expect(tokens("ab") == ["<s>", "▁", "ab"])
        #expect(tokens("abc") == ["<s>", "▁a", "bc"])
        #expect(tokens("é</s>c") == ["<s>", "▁", "<0xC3>", "<0xA9>", "</s>", "▁", "c"])
        #expect(tokenizer.decode(tokenizer.encodeIDs("abc a é")) == "abc a é")
        #expect(tokenizer.encode("é").offsets == [0..<0, 0..<2, 0..<2, 0..<2])
    }

    /// As an index stores it: every field comes back, and no cut of the bytes is read beyond its end.
    @Test func vocabulariesSurviveBeingStored() throws {
        var vocabulary = GGUFVocabulary(model: "t5", tokens: ["a", "é", "", "▁b"])
        vocabulary.preTokenizer = "smollm"
        (vocabulary.merges, vocabulary.scores, vocabulary.tokenTypes) = (["a é"], [-1.5, 0, 2, 3], [1, 2, 3, -4])
        (vocabulary.bosID, vocabulary.maskID) = (0, 3)
        (vocabulary.addBOS, vocabulary.addSpacePrefix) = (true, false)
        vocabulary.precompiledCharsMap = [7, 0, 255]
        let bytes = vocabulary.encoded()
        let stored = try #require(try bytes.withUnsafeBytes { try GGUFVocabulary(encoded: $0, path: "x") })
        #expect(stored.encoded() == bytes)
        #expect(stored.tokens == vocabulary.tokens && stored.merges == ["a é"] && stored.scores == vocabulary.scores)
        #expect(stored.tokenTypes == [1, 2, 3, -4] && stored.preTokenizer == "smollm" && stored.model == "t5")
        #expect(stored.bosID == 0 && stored.eosID == nil && stored.maskID == 3)
        #expect(stored.precompiledCharsMap == [7, 0, 255])
        #expect(stored.addBOS == true && stored.addEOS == nil && stored.addSpacePrefix == false)
        for count in 4..<bytes.count {
            #expect(throws: TrawlError.self) {
                try bytes.prefix(count).withUnsafeBytes { _ = try GGUFVocabulary(encoded: $0, path: "x") }
            }
        }
        #expect(try bytes.prefix(3).withUnsafeBytes { try GGUFVocabulary(encoded: $0, path: "x") == nil })
    }

    /// llama.cpp writes `▁word` for `word` and `ing` for `##ing`.
    @Test func bertVocabulariesEqualTheirTokenizerFile() throws {
        let original = try Golden.tokenizer("minilm")
        let tokens = (0..<TokenID(original.vocabularySize)).map { original.token(for: $0) ?? "?" }
        var vocabulary = GGUFVocabulary(
            model: "bert",
            tokens: tokens.enumerated().map { id, token in
                if original.isSpecial(TokenID(id)) || (token.hasPrefix("[") && token.hasSuffix("]")) { return token }
                return token.hasPrefix("##") ? String(token.dropFirst(2)) : "▁" + token
            })
        vocabulary.tokenTypes = tokens.indices.map { original.isSpecial(TokenID($0)) ? 3 : 1 }
        vocabulary.clsID = original.clsID
        vocabulary.sepID = original.sepID
        vocabulary.unkID = original.unkID
        let tokenizer = try Tokenizer(gguf: vocabulary)
        for text in TokenizerTests.salad(200, seed: 4) + ["Unaffordable naïve 東京 re-embedding"] {
            #expect(tokenizer.encode(text) == original.encode(text))
        }
    }
}
