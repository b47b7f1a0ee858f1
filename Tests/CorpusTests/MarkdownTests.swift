import Testing
import TrawlCore

@testable import TrawlCorpus

@Suite struct MarkdownTests {
    let fixture: CorpusFixture
    init() throws { fixture = try CorpusFixture() }

    func document(_ text: String) throws -> Document {
        try fixture.write("a.md", text)
        return try fixture.documents("a.md")[0]
    }

    func title(_ text: String) throws -> String { try document(text).title }

    @Test func titlesAreFound() throws {
        #expect(try title("text\n# One *two*\n") == "One two")
        #expect(try title("```\n# no\n```\n## Yes ##\n") == "Yes")
        #expect(try title("Title\n=====\n") == "Title")
        #expect(try title("---\ntitle: \"Front\"\n---\n# Other") == "Front")
        #expect(try title("---\ntags: x\n---\n# Other") == "Other")
        #expect(try title("#hashtag\n\n####### seven\n") == "a")
    }

    /// Its text is white space, which is cut off together with its line.
    @Test func aHeadingOfSpacesAloneIsNone() throws {
        let document = try document("# &nbsp;\n\n# Tides\n\ntext\n")
        #expect(document.title == "Tides" && document.text == "Tides\n\ntext")
        #expect(headingLines(document) == ["1 Tides"])
    }

    /// Each list names the one before nine times: ten lines stand for more than a thousand million nodes.
    @Test(.timeLimit(.minutes(1))) func aliasesThatMultiplyAreLeftInTheText() throws {
        var lines = ["---", "a0: &a0 [~, ~, ~, ~, ~, ~, ~, ~, ~]"]
        for level in 1..<10 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lines.append("a\(level): &a\(level) [\(aliases)]")
        }
        let document = try document((lines + ["---", "text"]).joined(separator: "\n"))
        #expect(document.value(of: "a0") == nil && document.text.hasPrefix("a0: &a0"))
        #expect(try fixture.summary("a.md").repaired.first[0].reason.contains("nodes"))
    }

    @Test func marksFallAwayAndTextStays() throws {
        let document = try document(
            """
            # Tides

            High *water* is at **noon**, see [the table](http://x.org "t") and ![a chart](c.png).
            Wrapped `code` line &amp; more.<!-- not this -->

            <!-- nor
            this -->

            - one
            - two
              1. nested

            | place | time |
            |-------|-----:|
            | Brest | 12   |

            ```python
            # comment
                x = 1
            ```

            > quoted [[Page|label]] ~~gone~~ <b>bold</b><br>next
            """)
        #expect(
            document.text == """
                Tides

                High water is at noon, see the table and a chart. Wrapped code line & more.

                one
                two
                nested

                place time
                Brest 12

                # comment
                    x = 1

                quoted label gone bold
                next
                """)
        #expect(headingLines(document) == ["1 Tides"])
    }

    @Test func headingsOfBothKindsAreLocated() throws {
        let document = try document(
            "Intro\n\nFirst\n=====\na\n\nSecond *é*\n---\n\n```\n# no\n```\n### Third ###\n<h2 align=center>Fourth</h2>\n"
        )
        #expect(headingLines(document) == ["1 First", "2 Second é", "3 Third", "2 Fourth"])
        #expect(document.title == "First")
    }

    @Test func frontMatterIsMetadata() throws {
        let yaml = try document(
            "---\ntitle: Front\ntags: [a, b]\nauthor: {name: N, born: 1950}\nversion: 1.50\nempty:\ndraft: true\n---\nText."
        )
        #expect(yaml.title == "Front")
        #expect(yaml.text == "Text.")
        #expect(yaml.values(of: "tags") == ["a", "b"])
        #expect(yaml.value(of: "author.name") == "N")
        #expect(yaml.value(of: "version") == "1.50")
        #expect(yaml.value(of: "draft") == "true")
        #expect(yaml.value(of: "empty") == nil)
        let toml = try document(
            "+++\ntitle = \"Front \\\"x\\\"\" # c\ntags = ['a', \"b\"]\n[extra]\nweight = 10\ndate = 2024-05-01\n+++\nText."
        )
        #expect(toml.title == "Front \"x\"")
        #expect(toml.values(of: "tags") == ["a", "b"])
        #expect(toml.value(of: "extra.weight") == "10")
        #expect(toml.value(of: "extra.date") == "2024-05-01")
        #expect(toml.text == "Text.")
    }

    @Test func malformedFrontMatterStaysInTheTextWithAWarning() throws {
        let malformed = try document("---\ntitle: [a\n---\nText.")
        #expect(malformed.text.contains("title: [a"))
        #expect(try fixture.summary("a.md").repaired.first.map(\.reason) == ["its front matter is not valid YAML"])
        let rule = try document("---\nSome words.\n---\nText.")
        #expect(rule.text.contains("Some words"))
        #expect(try fixture.summary("a.md").repaired.count == 0)
    }

    @Test func aliasesThatMultiplyAreBounded() throws {
        var yaml = "---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            yaml += "a\(level): &a\(level) [" + (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ",") + "]\n"
        }
        _ = try document(yaml + "---\nText.")
        #expect(try fixture.summary("a.md").repaired.first.first?.reason.contains("more than 1000 values") == true)
    }
}
