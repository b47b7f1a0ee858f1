import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

@Suite struct ExpressionTests {
    private func matches(
        _ pattern: String, _ text: String, _ stack: RegexStack = RegexStack()
    ) throws -> [String] {
        let expression = try RegularExpression(pattern)
        var stack = stack
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

    /// By going back alone, each takes time exponential in the text or quadratic: minutes or more.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "(a+)+b", "(.+)+x", "(a|a)*b", "(?=(a+)+b)c", "a+b", "a++b", "(?>a+)b", "a*?b", "(?=.*x)a", "(?!.*a$)a",
            "(a{1,20}){1,20}b", "(?:a|aa)+?b",
        ])
    func timeIsLinearInTheText(_ pattern: String) throws {
        #expect(try matches(pattern, String(repeating: "a", count: 300_000)) == [])
    }

    @Test func atomicGroupsAreLimited() {
        let error = #expect(throws: TrawlError.self) { try RegularExpression("((?>ab|a)c){40}") }
        #expect(error?.code == .unsupported && error?.message.contains("atomic groups") == true)
    }

    /// The table of all matches gives what going back gives, for expressions and texts by chance.
    @Test func aTableMatchesAsGoingBackDoes() throws {
        var random = SplitMix64(seed: 4)
        var compared = 0
        for _ in 0..<4000 {
            let pattern = Self.pattern(depth: 3, &random)
            guard (try? RegularExpression(pattern)) != nil else { continue }
            for _ in 0..<4 {
                let text = (0..<random.below(12)).map { _ in ["a", "b", "é", "\n", " "][random.below(5)] }.joined()
                let back = try matches(pattern, text, RegexStack(stepsPerByte: 1 << 40))
                let table = try matches(pattern, text, RegexStack(stepsPerByte: 0))
                #expect(back == table, "\(pattern) in \(text.debugDescription)")
                compared += 1
            }
        }
        #expect(compared > 3000)
    }

    /// An expression by chance, whose groups are nested up to `depth`.
    private static func pattern(depth: Int, _ random: inout SplitMix64) -> String {
        let atoms = [
            "a", "b", "é", "[ab]", "[^a]", ".", "\\s", "\\w", "^", "$", "\\b", "\\B", "(?<=a)", "(?<!é)", "\\A", "\\Z",
        ]
        let groups = ["(", "(?:", "(?=", "(?!", "(?>"]
        let repeats = ["", "", "", "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,3}", "{0,2}?", "{2,}"]
        return (0...random.below(3)).map { _ in
            var piece = atoms[random.below(atoms.count)]
            if depth > 0, random.below(2) == 0 {
                piece = groups[random.below(groups.count)] + pattern(depth: depth - 1, &random)
                if random.below(3) == 0 { piece += "|" + pattern(depth: depth - 1, &random) }
                piece += ")"
            }
            return piece + repeats[random.below(repeats.count)]
        }.joined()
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
