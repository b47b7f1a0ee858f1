import Foundation
import Testing
import TrawlCore
import TrawlEvaluation
import TrawlTestSupport

@Suite struct FileTests {
    @Test(arguments: [
        ("q1 Q0 d1 1 2.5\n", ":1: ", "5 columns"),
        ("q1 Q0 d1 1 2.5 t\n\nq1 Q0 d2 2 high t\n", ":3: ", "'high' is not a number"),
        ("q1 Q0 d1 1 nan t\n", ":1: ", "'nan' is not a number"), ("q1 Q0 d1 1 0x1p3 t\n", ":1: ", "'0x1p3' is not"),
        ("q1 Q0 d1 1 NaN t\n", ":1: ", "'NaN' is not a number"), ("q1\tQ0\td1\t1\t2\n", ":1: ", "5 columns"),
        ("qid doc score\nq1 d1 0.5\n", ":2: ", "scores cannot be told from ranks"),
        ("q1 d1 1\nq1 d2 3\n", ":2: ", "scores cannot be told from ranks"),
        ("q1 d1 1\nq1 Q0 d2 1 3 t\n", ":2: ", "6 columns"), ("{\"q\": {\"d\": \"1\"}}", ": ", "is not a number"),
        ("{\"q\": 1}", ": ", "no object of documents"), ("{\"q\": {\"d\": NaN}}", ":1: ", "malformed JSON"),
        ("q1 Q0 d1 1 2 t\nq2 Q0 d1 1 2 t\nq1 Q0 d1 2 1 t\n", ":3: ", "document d1 occurs twice for query q1"),
    ]) func badRunsAreRefusedByLine(text: String, line: String, reason: String) throws {
        try withFile(text) { path in
            let error = errorText { _ = try Run(path: path) }
            #expect(error.contains(path + line) && error.contains(reason), "\(error)")
        }
    }

    @Test(arguments: [
        ("", "", "no judgements"),
        ("query-id\tcorpus-id\tscore\nq1\td1\n", ":2: ", "2 columns"),
        ("query-id\tcorpus-id\tscore\nq1\td1\tyes\n", ":2: ", "'yes' is not a whole number"),
        ("q1 0 d1 1\nq1 0 d1 2\n", ":2: ", "judged 1 and 2"),
        ("q1 0 d1 1\nq1 0 d1 1 7\n", ":2: ", "5 columns"),
        ("q1 d1\n", ":1: ", "2 columns"), ("\n \nq1 d1\n", ":3: ", "2 columns"),
        ("q1 0 d1 0.5\n", ":1: ", "'0.5' is not a whole number"), ("q1 0 d1 1\nq1 d2 1\n", ":2: ", "3 columns"),
        ("query-id\tcorpus-id\tscore\n", ": ", "no judgements"), ("q1 0 d1 nan\nq1 0 d2 1\n", ":1: ", "'nan' is not"),
        ("q1 0 d1 yes\nq1 0 d2 1\n", ":1: ", "'yes' is not a whole number"),
        ("q1 d1 yes\nq2 d1 1\n", ":1: ", "give the document a grade"), ("q1 1 d1 1\nq1 2 d1 0\n", ":2: ", "subtopic"),
        ("{\"q\": {\"d\": 0.5}}", ": ", "0.5 of document d for query q is not a whole number"),
        ("{}", ": ", "no judgements"),
        ("{\"q\": [1]}", ": ", "no object of documents"),
    ]) func badQrelsAreRefusedByLine(text: String, line: String, reason: String) throws {
        try withFile(text) { path in
            let error = errorText { _ = try Qrels(path: path) }
            #expect(error.contains(path + line) && error.contains(reason), "\(error)")
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect(errorText { _ = try Run(path: "/no/such.run") }.contains("/no/such.run"))
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("run", [0x71, 0x20, 0x51, 0x20, 0xFF, 0x20, 0x31, 0x20, 0x31, 0x20, 0x74])
        #expect(errorText { _ = try Run(path: path) }.contains(":1: the line is not valid UTF-8"))
    }

    @Test func windowsLinesAMarkAndAMissingLastNewlineAreRead() throws {
        try withFile("\u{FEFF}query-id\tcorpus-id\tscore\r\nq1\td 1\t2\r\nq1\td2\t-1") { path in
            let qrels = try Qrels(path: path)
            #expect(qrels["q1"] == [DocumentID("d 1"): 2, DocumentID("d2"): -1])
        }
    }

    @Test func aWrittenRunReadsBackTheSame() throws {
        var run = Run()
        let scores: [Float] = [0.1, -3.4028235e38, 1.5e-38, 16_777_216, 1 / 3, 0, 1e-7]
        try run.add(query: "b", scores.enumerated().map { Run.Entry(DocumentID("d\($0)"), Double($1)) })
        try run.add(query: "a", [Run.Entry(DocumentID("x"), 0.1 + 0.2), Run.Entry(DocumentID("w"), 0.1 + 0.2)])
        try withFile("") { path in
            try run.write(path: path)
            let back = try Run(path: path)
            #expect(back.queries == ["b", "a"])
            #expect(back.ranked("b").map { Float($0.score) } == run.ranked("b").map { Float($0.score) })
            #expect(back.ranked("b").map(\.document) == run.ranked("b").map(\.document))
            #expect(back.ranked("a") == run.ranked("a"))
        }
        let lines = try run.trecText(tag: "t").split(separator: "\n")
        #expect(lines[0] == "b Q0 d3 1 16777216.0 t")
        #expect(lines.suffix(2) == ["a Q0 w 1 0.30000000000000004 t", "a Q0 x 2 0.30000000000000004 t"])
    }

    @Test func whiteSpaceInIdsIsPercentEncodedAndMatched() throws {
        var run = Run()
        try run.add(
            query: "a query", [Run.Entry(DocumentID("My first\u{A0}note.txt"), 1), Run.Entry(DocumentID("50%"), 2)])
        #expect(
            try run.trecText() == """
                a%20query Q0 50% 1 2.0 trawl
                a%20query Q0 My%20first%C2%A0note.txt 2 1.0 trawl

                """)
        #expect(errorText { _ = try run.trecText(tag: "two words") }.contains("'two words'"))
        // Written or not, the run answers the same judgements, whichever spelling these have.
        let measures = try Measure.list("RR")
        for document in ["My first\u{A0}note.txt", "My%20first%C2%A0note.txt"] {
            for query in ["a query", "a%20query"] where query == "a query" || document.contains("%") {
                let qrels = try withFile("\(query)\t\(document)\t1\n") { try Qrels(path: $0) }
                let back = try withFile(run.trecText()) { try Run(path: $0) }
                #expect(try Report(of: back, against: qrels, measures).means == [0.5], "\(document) \(query)")
                if query == "a query" { #expect(try Report(of: run, against: qrels, measures).means == [0.5]) }
            }
        }
    }

    @Test(arguments: [
        "1 0 d1 1\n2 0 d2 0\n", "1\t0\td1\t1\n2\t0\td2\t0\n", "1 d1 1\n2 d2 0\n", "1\td1\t1\n2\td2\t0\n",
        "query-id corpus-id score\n1 d1 1\n2 d2 0\n", "qid\t0\tdoc\trel\n1 0 d1 1\n2\t0\td2\t0\n",
        "1  0\td1 1\r\n2 0 d2   0",
    ]) func judgementsAreSeparatedByBlanksOrTabs(text: String) throws {
        let qrels = try withFile(text) { try Qrels(path: $0) }
        #expect(
            qrels.queries == ["1", "2"] && qrels["1"] == [DocumentID("d1"): 1] && qrels["2"] == [DocumentID("d2"): 0])
    }

    @Test func tabsLetIdsHoldSpaces() throws {
        let qrels = try withFile("q1\t0\ta b\t1\n") { try Qrels(path: $0) }
        #expect(qrels["q1"] == [DocumentID("a b"): 1])
        let run = try withFile("q1\tQ0\ta b\t1\t0.5\tr\n") { try Run(path: $0) }
        #expect(run["q1"] == [Run.Entry(DocumentID("a b"), 0.5)])
        let error = errorText { try withFile("q1 d1\n") { _ = try Qrels(path: $0) } }
        #expect(error.contains("separated by spaces or tabs"), "\(error)")
    }

    @Test func documentsOfQueriesMayBeLeftOut() throws {
        var run = Run()
        try run.add(query: "d1", [Run.Entry(DocumentID("d1"), 2), Run.Entry(DocumentID("d2"), 1)])
        #expect(run.excludingQueryDocuments()["d1"] == [Run.Entry(DocumentID("d2"), 1)])
    }

    @Test func whatDoesNotBelongTogetherIsCounted() throws {
        var qrels = Qrels()
        for query in ["1", "2", "3"] { try qrels.judge(query: query, DocumentID("d" + query), grade: 1) }
        var coverage = try Coverage(of: ["1", "7", "8"], by: qrels)
        coverage.countDocuments(of: qrels) { $0 == DocumentID("d1") }
        #expect(
            coverage.warnings("the run") == [
                "queries without judgements, which do not count: 2 of 3",
                "judged queries that are not in the run and count with 0: 2 of 3",
                "judged documents that are not in the index: 2 of 3",
            ])
        #expect(try Coverage(of: ["1", "2", "3"], by: qrels).warnings("the run").isEmpty)
        let error = errorText { _ = try Coverage(of: ["1.0"], by: qrels) }
        #expect(error.contains("1.0") && error.contains("query 1"), "\(error)")
    }

    @Test func answersThatContradictThemselvesAreRefused() throws {
        var run = Run()
        let twice = [Run.Entry(DocumentID("d"), 1), Run.Entry(DocumentID("d"), 2)]
        #expect(errorText { try run.add(query: "q", twice) }.contains("d occurs twice"))
        #expect(errorText { try run.add(query: "q", [Run.Entry(DocumentID("d"), .nan)]) }.contains("not a number"))
        try run.add(query: "q", [])
        #expect(errorText { try run.add(query: "q", []) }.contains("names query q twice"))
    }

    @Test func scoresAreReadExactly() throws {
        let texts = [
            "1", "-1", "+1.5", ".5", "5.", "1e3", "1E-3", "-1.25e+2", "0.1", "123456789.123456789", "1e22", "1e23",
            "9007199254740993", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "12345678901234567890123",
            "0.000000000000000000000000000001", "00012.500", "1e-400", "-0", "2.2250738585072011e-308", "3.4028235e38",
        ]
        let lines = texts.enumerated().map { "q Q0 d\($0.offset) 1 \($0.element) t\n" }.joined()
        let run = try withFile(lines) { try Run(path: $0) }
        let scores = try #require(run["q"]).map(\.score)
        for (text, score) in zip(texts, scores) { #expect(score == Double(text), "\(text)") }
    }

    @Test(arguments: ["inf", "Infinity", "INF", "+inf"]) func infiniteScoresRankAndAreCounted(text: String) throws {
        let run = try withFile("q Q0 a 2 1e30 t\nq Q0 b 1 \(text) t\nq Q0 c 3 -\(text.drop { $0 == "+" }) t\n") {
            try Run(path: $0)
        }
        #expect(run.ranked("q").map(\.document.rawValue) == ["b", "a", "c"])
        #expect(run.warnings == ["infinite scores, whose documents come first or last, by their ids: 2"])
    }

    @Test func linesOfAQueryMayBeApart() throws {
        let lines = ["a Q0 x 1 3 t", "b Q0 x 1 9 t", "a Q0 y 2 2 t", "c Q0 z 1 1 t", "b Q0 y 2 8 t", "a Q0 z 3 1 t"]
        let run = try withFile(lines.joined(separator: "\n")) { try Run(path: $0) }
        #expect(run.queries == ["a", "b", "c"])
        #expect(run["a"]?.map(\.score) == [3, 2, 1] && run["b"]?.map(\.score) == [9, 8])
        var built = Run()
        for query in ["a", "b", "c"] { try built.add(query: query, run[query] ?? []) }
        #expect(run == built && run == run.excludingQueryDocuments())
        let twice = errorText {
            try withFile((lines + ["b Q0 x 3 1 t"]).joined(separator: "\n")) { _ = try Run(path: $0) }
        }
        #expect(twice.contains(":7: document x occurs twice for query b"), "\(twice)")
    }

    /// Beyond some size parts are read side by side.
    @Test func longRunsAreReadLikeShortOnes() throws {
        var lines: [String] = []
        for query in 0..<200 {
            for rank in 1...100 {
                lines.append("query-\(query) Q0 document-\(query * 37 + rank * 11) \(rank) \(100 - rank).25 t")
            }
        }
        let run = try withFile(lines.joined(separator: "\r\n")) { try Run(path: $0) }
        #expect(run.queries == (0..<200).map { "query-\($0)" } && run.warnings.isEmpty)
        for query in 0..<200 {
            let entries = try #require(run["query-\(query)"])
            #expect(entries.map(\.document.rawValue) == (1...100).map { "document-\(query * 37 + $0 * 11)" })
            #expect(entries.map(\.score) == (1...100).map { Double(100 - $0) + 0.25 })
        }
        lines[17_654] = "query-176 Q0 document 55 high t"
        let error = errorText { try withFile(lines.joined(separator: "\n")) { _ = try Run(path: $0) } }
        #expect(error.contains(":17655: the score 'high'"), "\(error)")
    }

    @Test func runsOfMSMARCOAreRead() throws {
        let run = try withFile("7\t100\t1\n7\t50\t2\n8\t100\t1\n7\t3\t3\n") { path in
            errorText { _ = try Run(path: path) }
        }
        #expect(run.contains(":4: ") && run.contains("ranks"), "\(run)")
        let good = try withFile("7\t100\t1\n7\t50\t2\n8\t100\t1\n") { try Run(path: $0) }
        #expect(good.ranked("7").map(\.document.rawValue) == ["100", "50"])
        #expect(good.notes == ["3 columns: query, document, rank, as in the runs of MS MARCO"])
    }

    @Test func jsonIsReadAsPytrecEvalAndRanxHaveIt() throws {
        let run = try withFile(" \n{\"q 1\": {\"d1\": 1.5, \"d 2\": 2}, \"q2\": {}}") { try Run(path: $0) }
        #expect(run.queries == ["q 1", "q2"] && run["q 1"]?.map(\.score) == [1.5, 2] && run["q2"] == [])
        let qrels = try withFile("{\"q 1\": {\"d1\": 0, \"d 2\": 1.0}}") { try Qrels(path: $0) }
        #expect(qrels["q 1"] == [DocumentID("d1"): 0, DocumentID("d 2"): 1] && qrels.notes.count == 1)
        #expect(try Report(of: run, against: qrels, Measure.list("RR")).means == [1])
    }

    @Test func oddRunsAreReadWithAWarning() throws {
        let ranks = try withFile("q Q0 a 1 0.1 t\nq Q0 b 2 0.2 t\nr Q0 a 1 2 t\nr Q0 b 2 1 t\n") { try Run(path: $0) }
        #expect(
            ranks.warnings == [
                "queries in which a worse rank has a higher score: 1 of 2; scores decide, as in trec_eval"
            ])
        let tied = try withFile("q Q0 a 1 0 t\nq Q0 b 2 0 t\nr Q0 a 1 2 t\n") { try Run(path: $0) }
        #expect(tied.warnings == ["queries whose documents all have the same score, so that ids decide: 1 of 2"])
        #expect(try withFile("\n") { try Run(path: $0) }.notes == ["the run is empty"])
        let named = try withFile("qid Q0 docno rank score tag\nq Q0 a 1 1 t\n") { try Run(path: $0) }
        #expect(
            named.queries == ["q"] && named.notes == ["line 1 is read as a header: qid, Q0, docno, rank, score, tag"])
    }

    @Test(arguments: [
        ("query-id\tcorpus-id\tscore\nq1\td1\t1\n", "query-id, corpus-id, score", true),
        ("Frage\tText\tWert\nq1\td1\t1\n", "Frage, Text, Wert", false),
        ("topic iter docno rel\nq1 0 d1 1\n", "topic, iter, docno, rel", true),
    ]) func theWholeFileTellsWhetherTheFirstLineIsAHeader(text: String, names: String, isKnown: Bool) throws {
        let qrels = try withFile(text) { try Qrels(path: $0) }
        let note = "line 1 is read as a header: \(names)"
        #expect(qrels.queries == ["q1"] && (isKnown ? qrels.notes : qrels.warnings).contains(note))
    }

    @Test func theWholeFileTellsHowColumnsAreSeparated() throws {
        // Every line has 4 columns at blanks; only some have 3 at tabs.
        let blanks = try withFile("q1\t0 d1\t1\nq2 0 d2 1\n") { try Qrels(path: $0) }
        #expect(blanks["q1"] == [DocumentID("d1"): 1] && blanks.queries == ["q1", "q2"])
        // A later line shows that tabs separate.
        let tabs = try withFile("q1\t0 1\t1\nq2\td\t1\n") { try Qrels(path: $0) }
        #expect(tabs["q1"] == [DocumentID("0 1"): 1] && tabs.warnings.isEmpty)
        let both = try withFile("q1\td 1\t1\nq2\td 2\t1\n") { try Qrels(path: $0) }
        #expect(both["q1"] == [DocumentID("d 1"): 1])
        #expect(both.warnings.first?.hasPrefix("the columns could be read in two ways") == true)
        // Blanks around fields do not belong to them.
        let padded = try withFile("q1 \tQ0\t d 1\t1\t 0.5\tt\n") { try Run(path: $0) }
        #expect(padded["q1"] == [Run.Entry(DocumentID("d 1"), 0.5)])
    }

    @Test func oddQrelsAreReadWithAWarning() throws {
        let twice = try withFile("q 0 a 1\nq 0 a 1\nq 0 b 2.0\n") { try Qrels(path: $0) }
        #expect(twice["q"] == [DocumentID("a"): 1, DocumentID("b"): 2])
        #expect(twice.warnings == ["judgements that occur more than once and count once: 1"])
        #expect(twice.notes.last == "grades written as decimal fractions, all of them whole: 1")
        let subtopics = try withFile("q 1 a 1\nq 2 b 1\n") { try Qrels(path: $0) }
        #expect(subtopics.warnings.first?.contains("subtopics") == true)
        #expect(try withFile("q 0 a 1\n") { try Qrels(path: $0) }.warnings.isEmpty)
    }

    @Test func spellingsOfAQueryAreToldApartByTheirBytes() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let qrels = try withFile("\(composed) 0 d 1\n\(decomposed) 0 d 2\n") { try Qrels(path: $0) }
        #expect(qrels[composed] == [DocumentID("d"): 1] && qrels[decomposed] == [DocumentID("d"): 2])
        #expect(qrels.contains(composed) && !qrels.contains("cafe"))
        #expect(errorText { _ = try Coverage(of: [composed], by: qrels.restricted(to: [decomposed])) }.contains("none"))
    }
}
