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

    @Test func namesThatATrecRunCannotHoldAreRefused() throws {
        var run = Run()
        try run.add(query: "q", [Run.Entry(DocumentID("two words"), 1)])
        #expect(errorText { _ = try run.trecText() }.contains("'two words'"))
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
