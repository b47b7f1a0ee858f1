import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEngine

/// How conditions are written; `DocumentConditionTests` has what they mean.
@Suite struct DocumentConditionParserTests {
    @Test(arguments: [
        ("year>=1999", "year", DocumentCondition.Comparison.atLeast, "1999"),
        (" language = en ", "language", .equal, "en"), ("a!=b=c", "a", .notEqual, "b=c"),
        ("path<=x>y", "path", .atMost, "x>y"), ("n>-1", "n", .greater, "-1"), ("by=Jane Doe", "by", .equal, "Jane Doe"),
        ("place of birth = Köln", "place of birth", .equal, "Köln"), ("f=g(x)", "f", .equal, "g(x)"),
        ("path ^= docs/", "path", .hasPrefix, "docs/"), ("say='it is'", "say", .equal, "it is"),
        (#"say="a \"b\" \\ c""#, "say", .equal, #"a "b" \ c"#), ("tag=c++, c", "tag", .equal, "c++, c"),
    ]) func comparisonsAreAKeyASignAndAValue(
        text: String, key: String, comparison: DocumentCondition.Comparison, value: String
    ) throws {
        #expect(try DocumentCondition(text) == DocumentCondition(key: key, comparison: comparison, value: value))
    }

    @Test(arguments: [
        ("", 1, "expected a key"), ("year 2017", 6, "expected one of = != < <= > >= ^= IN, found '2017'"),
        ("=3", 1, "expected a key"), (" >= 4", 2, "expected a key"), ("a<", 3, "expected a value after '<'"),
        ("a==3", 3, "expected a value after '='"), ("a=1 AND", 8, "expected a key of the metadata, found the end"),
        ("a=1 AND AND b=1", 9, "expected a key"), ("(a=1", 5, "the ')' that closes the '(' at column 1"),
        ("a=1)", 4, "expected AND, OR or the end, found ')'"), ("a IN b", 6, "expected '(' after IN, found 'b'"),
        ("a IN (b", 8, "expected ',' or ')', found the end"), ("a IN ()", 7, "expected a value after '('"),
        ("a=\"x", 3, "the quote is not closed"), ("a=1 b=2", 5, "expected AND or OR before 'b=2'"),
        ("a=\"x\" y", 7, "expected AND, OR or the end"), ("EXISTS", 7, "expected a key"),
    ]) func faultsNameTheColumnAndWhatWasExpected(text: String, column: Int, message: String) {
        let error = errorText { try DocumentCondition(text) }
        #expect(error.hasPrefix("invalid filter '\(text)' at column \(column): "), "\(error)")
        #expect(error.contains(message), "\(error)")
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "(", count: 100_000) + "a=1" + String(repeating: ")", count: 100_000)
        #expect(errorText { try DocumentCondition(deep) }.contains("nested deeper than 100 levels"))
        #expect(errorText { try DocumentCondition(String(repeating: "NOT ", count: 100_000) + "a") }.contains("nested"))
    }

    @Test(arguments: [
        "year>=1999", "a=Jane Doe", "a=\"1999\"", "a=\"x AND y\"", "a=\"\"", #"a="q\"r\\s""#, "\"a b\"=1", "\"AND\"=1",
        "EXISTS a", "NOT EXISTS \"NOT\"", "a IN (1, \"x, y\", z)", "NOT a IN (b)", "a=1 AND (b=2 OR NOT (c=3 AND d=4))",
        "a=\"2024-05-01\"", "a>2024-05-01 10:30", "a=\"(x\"", "a^=\"=\"", "(a=1 AND b=2) OR c=3",
    ]) func descriptionsAreWhatWasRead(text: String) throws { #expect(try DocumentCondition(text).description == text) }

    /// Any value comes back from the text of its condition.
    @Test func valuesSurviveBeingWrittenAndRead() throws {
        var random = SplitMix64(seed: 3)
        let pieces = [
            " ", "a", "\"", "\\", "'", "(", ")", ",", "AND", "OR", "NOT", "=", "!", "<", "1", ".", "é", "\t", "-",
            "\u{301}",
        ]
        for _ in 0..<5000 {
            let text = (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] }.joined()
            let key = (0..<(1 + random.below(3))).map { _ in pieces[random.below(pieces.count)] }.joined()
            for isQuoted in [true, false] {
                let value = ConditionValue(text, isQuoted: isQuoted)
                let condition = DocumentCondition(
                    .and([.comparison(key: key, .less, value), .anyOf(key: key, [value, value]), .exists(key: key)]))
                #expect(try DocumentCondition(condition.description) == condition, "\(condition)")
            }
        }
    }
}
