import Testing
import TrawlCore
import TrawlTokenizers

@testable import TrawlEngine

@Suite struct PassageTokensTests {
    private let passages: PassageTokens

    init() throws {
        passages = PassageTokens(
            tokenizer: try Tokenizer(contentsOf: ModelCatalogue.path(of: "all-MiniLM-L6-v2") + "/tokenizer.json"),
            titleEnd: " @@")
    }

    @Test func whiteSpaceIsCollapsed() {
        for (text, expected) in [
            ("a b", "a b"), ("  a \t\n b  ", "a b"), ("", ""), (" \u{A0}\u{2003} ", ""), ("é\u{3000}ü", "é ü"),
            ("a ", "a"),
        ] {
            #expect(PassageTokens.collapsed(text) == expected)
        }
    }

    @Test func titleComesFirstAndMayBeMissing() {
        #expect(passages.text(title: "A  b", text: "c\nd") == " A b @@ c d")
        #expect(passages.text(title: "", text: "c") == " c")
        #expect(passages.text(title: "A", text: "") == " A @@")
    }

    @Test func tokenSpansLeadBackToTheOriginalText() throws {
        let (title, text) = ("Tides", "The  moon\npulls —  the océans,\t which rise.")
        let whole = passages.text(title: title, text: text)
        let encoding = passages.tokenizer.encode(whole, addSpecialTokens: false)
        let bodyStart = whole.utf8.count - PassageTokens.collapsed(text).utf8.count
        var seen: [String] = []
        for place in encoding.offsets.indices {
            let ranges = passages.textRanges(of: [place..<place + 1], title: title, text: text)
            if encoding.offsets[place].upperBound <= bodyStart {
                #expect(ranges.isEmpty)
                continue
            }
            let range = try #require(ranges.first)
            seen.append(String(decoding: Array(text.utf8)[range], as: UTF8.self))
        }
        #expect(seen.joined(separator: " ") == "The moon pulls — the océans , which rise .")
        let last = encoding.offsets.count
        let phrase = passages.textRanges(of: [last - 3..<last], title: title, text: text)
        #expect(String(decoding: Array(text.utf8)[try #require(phrase.first)], as: UTF8.self) == "which rise.")
    }
}
