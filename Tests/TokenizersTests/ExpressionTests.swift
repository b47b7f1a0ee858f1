import Testing

@testable import TrawlTokenizers

@Suite struct ExpressionTests {
    private func matches(_ pattern: String, _ text: String) throws -> [String] {
        let expression = try RegularExpression(pattern)
        var stack = RegexStack()
        var text = text
        return text.withUTF8 { bytes in
            var found: [String] = []
            expression.matches(in: bytes, Piece(start: 0, end: bytes.count), &stack) { start, end in
                found.append(String(decoding: bytes[start..<end], as: UTF8.self))
            }
            return found
        }
    }

    @Test func classesKnowUnicode() throws {
        #expect(try matches(#"\p{L}+"#, "añb汉1ж") == ["añb汉", "ж"])
        #expect(try matches(#"[^\s\p{L}\p{N}]+"#, "a!?b 3 👍.") == ["!?", "👍."])
        #expect(try matches(#"\s"#, "a\u{3000}b\u{200B}c\u{85}") == ["\u{3000}", "\u{85}"])
        #expect(try matches(#"[\p{Lu}\p{Lt}][\p{Ll}]*"#, "FooBarǅx") == ["Foo", "Bar", "ǅx"])
        #expect(try matches(#"[a-c\-\]x]+"#, "ab-]xd") == ["ab-]x"])
        #expect(try matches(#"\P{L}"#, "a1b") == ["1"])
        #expect(try matches(#"[一-龥]+"#, "ab汉字c") == ["汉字"])
    }

    @Test func repeatsAreGreedyLazyOrPossessive() throws {
        #expect(try matches(#"a+"#, "aaab") == ["aaa"])
        #expect(try matches(#"a+?"#, "aa") == ["a", "a"])
        #expect(try matches(#"a++a"#, "aaa") == [])
        #expect(try matches(#"a+a"#, "aaa") == ["aaa"])
        #expect(try matches(#"\d{1,3}"#, "1234567") == ["123", "456", "7"])
        #expect(try matches(#"(?:ab){2,}c"#, "ababc abc ababab") == ["ababc"])
        #expect(try matches(#"(?:ab)*+ab"#, "abab") == [])
        #expect(try matches(#"x{,2}y"#, "xxxy") == ["xxy"])
        #expect(try matches(#"a{b"#, "a{b") == ["a{b"])
        #expect(try matches(#".*?b"#, "aab\nab") == ["aab", "ab"])
    }

    @Test func runsGiveBackWholeScalars() throws {
        #expect(try matches(#"\p{L}+é"#, "éééx") == ["ééé"])
        #expect(try matches(#"\s+(?!\S)"#, "a   b") == ["  "])
        #expect(try matches(#"\s+(?!\S)"#, "a\u{3000}\u{3000}b") == ["\u{3000}"])
    }

    /// Each takes time exponential in the text where a matcher tries the same state again.
    @Test(arguments: ["(a+)+b", "(.+)+x", "(a|a)*b", "(?=(a+)+b)c"])
    func nestedRepeatsEnd(_ pattern: String) throws {
        #expect(try matches(pattern, String(repeating: "a", count: 300)) == [])
    }

    @Test func nestedRepeatsStillMatchAfterManyAttempts() throws {
        let run = String(repeating: "a", count: 200)
        #expect(try matches("(a+)+b", run + "c" + run + "b") == [run + "b"])
        #expect(try matches("(?:a|aa)+?b|a{3}", run + "ab") == [run + "ab"])
    }

    @Test func looksAheadAndBehind() throws {
        #expect(try matches(#"a(?=b)"#, "abac") == ["a"])
        #expect(try matches(#"(?<=x)a"#, "axa") == ["a"])
        #expect(try matches(#"(?<!x)a"#, "axaa") == ["a", "a"])
        #expect(try matches(#"(?>a|ab)c"#, "abcac") == ["ac"])
    }

    @Test func casesAreIgnoredOnlyWhereAsked() throws {
        #expect(try matches(#"(?i:'s|'ll)t"#, "'St 'LLt 'lLT 'ſt") == ["'St", "'LLt", "'ſt"])
        #expect(try matches(#"a(?i)b|c"#, "aB aC Ab") == ["aB", "aC"])
    }

    @Test func anchorsHoldWhereTheyShould() throws {
        #expect(try matches(#"^a"#, "aa\na") == ["a", "a"])
        #expect(try matches(#"a$"#, "aa\na") == ["a", "a"])
        #expect(try matches(#"\ba"#, "a ba a") == ["a", "a"])
    }

    @Test func emptyMatchesEnd() throws {
        #expect(try matches("b*", "abc") == ["", "b", ""])
        #expect(try matches("|x", "x") == ["", ""])
    }

    @Test func longTextsDoNotExhaustTheStack() throws {
        let text = String(repeating: "ab", count: 200_000)
        #expect(try matches("(?:ab)+", text).first?.utf8.count == 400_000)
        #expect(try matches("(?:a|b)*c", String(repeating: "a", count: 2000)).isEmpty)
    }
}
