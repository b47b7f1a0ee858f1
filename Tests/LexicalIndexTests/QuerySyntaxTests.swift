import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlLexicalIndex

@Suite struct QuerySyntaxTests {
    private func full(_ text: String) throws -> QueryNode? { try QuerySyntax.full.parse(text) }

    @Test func operatorsAreRead() throws {
        #expect(try full("moon") == .word("moon"))
        #expect(try full("\"moon landing\"") == .phrase("moon landing"))
        #expect(try full("“moon landing”") == .phrase("moon landing"))
        #expect(try full("title:moon") == .word("moon", .title))
        #expect(try full("moon*") == .prefix("moon"))
        #expect(try full("moon~1") == .fuzzy("moon", edits: 1))
        #expect(try full("text:mooon~2") == .fuzzy("mooon", edits: 2, .text))
        #expect(try full("moon~") == .fuzzy("moon", edits: 1) && full("moonlight~") == .fuzzy("moonlight", edits: 2))
        #expect(
            try full("a +b -c \"d e\" title:f")
                == .group([
                    .init(.optional, .word("a")), .init(.required, .word("b")), .init(.excluded, .word("c")),
                    .init(.required, .phrase("d e")), .init(.required, .word("f", .title)),
                ]))
        #expect(
            try full("title:(a b)")
                == .group([.init(.optional, .word("a", .title)), .init(.optional, .word("b", .title))]))
        #expect(try full("a (NOT b)") == full("a -b") && full("a AND (NOT b)") == full("+a -b"))
        #expect(try full("") == nil && full(" ?! ") == nil && full("()") == nil)
    }

    @Test func andBindsTighterThanOrAndNeighboursTightest() throws {
        #expect(
            try full("a OR b AND c d")
                == .group([
                    .init(.optional, .word("a")),
                    .init(
                        .optional,
                        .group([
                            .init(.required, .word("b")),
                            .init(
                                .required,
                                .group([.init(.optional, .word("c")), .init(.optional, .word("d"))])),
                        ])),
                ]))
        #expect(
            try full("a AND NOT (b OR c)")
                == .group([
                    .init(.required, .word("a")),
                    .init(
                        .excluded, .group([.init(.optional, .word("b")), .init(.optional, .word("c"))])),
                ]))
    }

    @Test func aBackslashMakesText() throws {
        #expect(try full("\\-moon") == .word("-moon"))
        #expect(try full("\\AND") == .word("AND"))
        #expect(try full("title\\:moon") == .word("title:moon"))
        #expect(try full("moon\\*") == .word("moon*") && full("moon\\~1") == .word("moon~1"))
        #expect(try full("\"a \\\"b\\\" c\"") == .phrase("a \"b\" c"))
    }

    @Test(arguments: [
        ("moon \"landing", "column 6"), ("(moon", "column 1"), ("moon)", "column 5"), ("moon AND", "column 6"),
        ("OR moon", "column 1"), ("moon titel:apollo", "column 6"), ("mo*n", "column 3"), ("moon~3", "column 5"),
        ("-moon", "only excludes"), ("moon OR -sun", "column 9"), ("moon NOT", "column 9"), ("mo\"on", "column 3"),
        ("\"?!\"", "column 1"), (String(repeating: "(", count: 60) + "a", "nested"),
    ]) func errorsNameTheColumnAndTheRemedy(text: String, place: String) {
        do {
            _ = try full(text)
            Issue.record("\(text): nothing was thrown")
        } catch let error as TrawlError {
            #expect(error.message.contains(place) && error.remedy != nil, "\(text): \(error)")
        } catch {
            Issue.record("\(error)")
        }
    }

    /// What people and benchmarks write as words.
    @Test(arguments: [
        "what is state-of-the-art retrieval?", "don't panic", "is it 5\" or 12\" wide", "WAR AND PEACE",
        "TO BE OR NOT TO BE", "does NOT work", "covid-19 vaccine", "a drop of -20 degrees", "one - two", "A* search",
        "c++ and c# - which", "the ratio is 3:1", "http://example.com/a*b", "key:value", "\"covid\" vaccine",
        "he said \"hello", "~5 kg", "1+1", "AND", "f(x) = y", "(in parentheses)", "+1 for this", "rock AND",
        "** bold **",
        "0-dimensional biomaterials show inductive properties.", "p < 0.05, n=20",
    ]) func naturalQueriesArePlain(text: String) throws {
        #expect(try QuerySyntax.auto.parse(text) == nil, "\(text)")
    }

    @Test(arguments: [
        "\"moon landing\" year", "title:apollo", "vaccin*", "color~1", "flu -swine", "+flu shot", "cats AND dogs",
        "rain OR snow", "-\"new york\" city", "猫*",
    ]) func operatorsThatNobodyWritesByChanceAreRead(text: String) throws {
        #expect(try QuerySyntax.auto.parse(text) != nil, "\(text)")
        #expect(try QuerySyntax.auto.parse(text) == full(text), "\(text)")
        #expect(try QuerySyntax.plain.parse(text) == nil)
    }

    @Test func whatCannotBeReadIsTextWhereNobodyAskedForOperators() throws {
        for text in [
            "title:apollo \"moon landing", "cats AND dogs)", "(cats AND dogs", "flu -swine AND", "foo:bar flu -swine",
            "-swine", "wor*ld -swine a", "moon~9 -sun", "NOT NOT -swine",
        ] {
            _ = try QuerySyntax.auto.parse(text)
        }
        #expect(try QuerySyntax.auto.parse("-swine") == nil)
    }

    @Test func modelsReadTheWords() throws {
        let node = try #require(try full("\"moon landing\" title:apollo rocke* astronot~1 -\"far side\" (a OR b)"))
        #expect(node.plainText == "moon landing apollo rocke astronot a b")
        #expect(node.exactWords == "moon landing apollo a b")
    }

    @Test func anyTextIsReadOrRefused() {
        var random = SplitMix64(seed: 4)
        let pieces = [
            "(", ")", "\"", "+", "-", "AND", "OR", "NOT", "a", "bc", "*", "~", "1", " ", ":", "title:", "\\", "é", "“",
        ]
        for _ in 0..<3000 {
            let text = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
            _ = try? full(text)
            #expect(throws: Never.self, "\(text)") { try QuerySyntax.auto.parse(text) }
        }
    }
}
