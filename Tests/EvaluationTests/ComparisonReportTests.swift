import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEvaluation

@Suite struct ComparisonReportTests {
    private static let hostile = "<script>alert('1')</script>&\"\u{1B}[31m"

    /// Three systems, with a hostile name, query and document.
    private func comparison(_ settings: ComparisonSettings = ComparisonSettings(), hostile: Bool = false) throws
        -> RunComparison
    {
        let names = hostile ? [Self.hostile, "=1+1", "a_b & 50% {x} #1 ~^\\|"] : ["one", "two", "three"]
        let ranks = [
            [2, 2, 1, 5, 3, 4, 1, 3, 2, 2], [1, 2, 1, 2, 5, 2, 1, 2, 4, 1], [1, 1, 1, 1, 1, 1, 2, 1, 1, 1],
        ]
        var qrels = try qrelsOfOneDocument(10)
        var systems = try zip(names, ranks).map { try comparedSystem($0, ranks: $1) }
        if hostile {
            try qrels.judge(query: Self.hostile, DocumentID(Self.hostile), grade: 1)
            try qrels.judge(query: "@cmd,\"x\"", DocumentID("d"), grade: 1)
            var run = systems[0].run
            try run.add(query: Self.hostile, [.init(DocumentID(Self.hostile), 1)])
            systems[0] = ComparedSystem(name: names[0], run: run)
        }
        return try RunComparison(systems, qrels, Measure.list("RR,P@1"), settings)
    }

    @Test func markdownHasMeansWithIntervalsMarksAndATableOfPairsForEachMeasure() throws {
        let text = try comparison().markdown()
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("| system |") && lines[0].contains("RR") && lines[0].contains("P@1"))
        #expect(lines[4].hasPrefix("| three  | 0.9500 ↑ ["))
        #expect(text.contains("| two − one") && text.contains("| three − one"))
        #expect(text.contains("p (Holm)") && text.contains("queries needed"))
        #expect(text.contains("significantly better and worse than one (paired t-test, two-sided, Holm correction"))
        // All lines of a table are equally long.
        #expect(Set(lines.prefix(5).map(\.count)).count == 1)
    }

    @Test func lettersNameTheBeatenSystemsOfAllPairs() throws {
        var settings = ComparisonSettings()
        settings.pairs = .all
        settings.correction = .none
        let text = try comparison(settings).markdown()
        #expect(text.contains("| c three | 0.9500 ab ["))
        #expect(text.contains("Letters name the systems") && !text.contains("↑"))
    }

    @Test func latexEscapesWhatIsSpecialAndClosesWhatItOpens() throws {
        let text = try comparison(hostile: true).latex()
        let name = ##"a\_b \& 50\% \{x\} \#1 \textasciitilde{}\textasciicircum{}\textbackslash{}\textbar{}"##
        #expect(text.contains(name))
        #expect(text.contains(#"\textless{}script\textgreater{}"#) && !text.contains("<") && !text.contains("\u{1B}"))
        #expect(text.components(separatedBy: "\\begin{").count == text.components(separatedBy: "\\end{").count)
        // A row of the table of means has as many cells as the table columns.
        let rows = text.split(separator: "\n").filter { $0.hasSuffix("\\\\") }
        #expect(rows.count == 1 + 3 * 2 + 1 + 2 * 2)
        let plain = try comparison().latex()
        #expect(plain.contains("\\toprule") && plain.contains("\\rlap{$^{\\uparrow}$}"))
        #expect(LaTeX.escaped("a--b [c]") == "a-{}-{}b {[}c{]}")
    }

    @Test func csvHasEveryScoreAndNoFormulas() throws {
        let lines = try comparison(hostile: true).csv().components(separatedBy: "\r\n")
        #expect(lines[0] == "query,system,measure,score" && lines.count == 1 + 12 * 3 * 2 + 1)
        #expect(lines.contains("q0,'=1+1,RR,1.0"))
        #expect(lines.contains("\"'@cmd,\"\"x\"\"\",'=1+1,RR,0.0"))
        #expect(CSV.field("-5") == "-5" && CSV.field("-a") == "'-a" && CSV.field("+1e3") == "+1e3")
        #expect(CSV.field("a\nb") == "\"a\nb\"" && CSV.field("") == "")
    }

    @Test func jsonHasEverything() throws {
        let comparison = try comparison()
        let text = try comparison.json(ComparisonProvenance(version: "1", command: ["trawl"]))
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(text.hasSuffix("}\n") && text.split(separator: "\n").count == 1)
        let systems = try #require(object["systems"] as? [[String: Any]])
        #expect((systems[2]["means"] as? [String: Double])?["RR"] == 0.95)
        #expect((systems[2]["scores"] as? [String: [Double]])?["RR"]?.count == 10)
        #expect((systems[0]["precision_recall"] as? [Double])?.count == 11)
        let pairs = try #require(object["pairs"] as? [[String: Any]])
        #expect(pairs.count == 4 && pairs[1]["first"] as? String == "one" && pairs[1]["second"] as? String == "three")
        #expect(pairs[1]["corrected_p"] as? Double == comparison.pairs[1].correctedP)
        #expect(pairs[1]["queries_needed"] as? Int == comparison.pairs[1].queriesNeeded)
    }

    /// The tags of a page, each closed in its turn.
    private func requireBalance(_ html: String) throws {
        var open: [String] = []
        for match in html.matches(of: #/<(\/?)([a-z][a-z0-9]*)(?:"[^"]*"|[^">])*>/#)
        where match.2 != "meta" && match.2 != "br" {
            if match.1 == "/" {
                try #require(open.popLast() == String(match.2), "at \(html[match.range])")
            } else if !match.0.hasSuffix("/>") {
                open.append(String(match.2))
            }
        }
        #expect(open.isEmpty)
    }

    @Test(arguments: [false, true]) func thePageIsWellFormedAndNeedsNothingElse(hostile: Bool) throws {
        var texts = ComparisonTexts()
        texts.add(query: "q0", text: Self.hostile)
        texts.add(DocumentID("good"), title: Self.hostile, text: "\(Self.hostile) \u{202E}text")
        let comparison = try comparison(hostile: hostile)
        let html = comparison.html(
            title: Self.hostile, texts: texts, ComparisonProvenance(version: "1", command: ["trawl", Self.hostile]))
        try requireBalance(html.replacing("<!DOCTYPE html>", with: ""))
        #expect(
            !html.contains("<script") && !html.contains("http:") && !html.contains("https:") && !html.contains("src="))
        #expect(!html.contains("url(") && !html.contains("\u{1B}"))
        #expect(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;␛[31m"))
        #expect(html.contains("default-src 'none'") && html.contains("prefers-color-scheme:dark"))
    }

    @Test func theSameComparisonGivesTheSamePage() throws {
        #expect(try comparison().html() == comparison().html())
    }

    @Test func picturesHaveTitlesAndTablesHaveHeaders() throws {
        let html = try comparison().html()
        let pictures = html.components(separatedBy: "<svg").dropFirst()
        #expect(pictures.count > 8)
        #expect(
            pictures.filter {
                !$0.hasPrefix(" role=\"img\" aria-labelledby=") && !$0.hasPrefix(" aria-hidden=\"true\"")
            }.isEmpty)
        let ids = html.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
        for table in html.components(separatedBy: "<table").dropFirst() {
            #expect(table.contains("<th scope="))
        }
        for heading in [
            "Means", "Differences", "Differences by query", "Precision and recall", "Quality and cost",
            "Queries by systems", "Where the systems differ most", "Provenance",
        ] { #expect(html.contains("<h2>\(heading)</h2>")) }
        #expect(html.contains("No run has a record of its times per query"))
    }

    @Test func textsOfTheHitsAreShownAlsoForEncodedNames() throws {
        var (qrels, run) = (try qrelsOfOneDocument(2), Run())
        try qrels.judge(query: "q0", DocumentID("my note"), grade: 1)
        try run.add(query: "q0", [.init(DocumentID("my%20note"), 1)])
        let comparison = try RunComparison(
            [ComparedSystem(name: "a", run: run), comparedSystem("b", ranks: [2, 1])], qrels, Measure.list("RR"))
        var texts = ComparisonTexts()
        texts.add(query: "q0", text: "What did I note?")
        texts.add(DocumentID("my note"), title: "The note", text: "It says nothing.")
        let html = comparison.html(texts: texts)
        #expect(html.contains("What did I note?") && html.contains("The note") && html.contains("It says nothing."))
    }

    @Test func oneSystemHasNoPairs() throws {
        let comparison = try RunComparison(
            [comparedSystem("only", ranks: [1, 2, 3])], qrelsOfOneDocument(3), Measure.list("RR"))
        let html = comparison.html()
        try requireBalance(html.replacing("<!DOCTYPE html>", with: ""))
        #expect(html.contains("<h1>Evaluation of only</h1>") && !html.contains("<h2>Differences</h2>"))
        #expect(!comparison.latex().contains("tab:pairs"))
    }
}
