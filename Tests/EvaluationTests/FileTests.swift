import Foundation
import Testing
import TrawlCore
import TrawlEvaluation
import TrawlTestSupport

@Suite struct FileTests {
    @Test(arguments: [
        ("q1 Q0 d1 1 2.5\n", ":1: ", "5 columns"),
        ("q1 Q0 d1 1 2.5 t\n\nq1 Q0 d2 2 high t\n", ":3: ", "'high' is not a number"),
        ("q1 Q0 d1 1 nan t\n", ":1: ", "'nan' is not a number"),
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
}
