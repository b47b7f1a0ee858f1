import Foundation
import Testing
import TrawlCore
import TrawlEvaluation
import TrawlTestSupport

@Suite struct ReportTests {
    /// Ten queries whose only relevant document gets rank `ranks[i]`, 0 for none.
    private func report(_ ranks: [Int], _ measures: [Measure]) throws -> Report {
        var run = Run()
        var qrels = Qrels()
        for (number, rank) in ranks.enumerated() {
            try qrels.judge(query: "q\(number)", DocumentID("good"), grade: 1)
            var answers = (1..<10).map { Run.Entry(DocumentID("bad\($0)"), -Double($0)) }
            if rank > 0 { answers.append(Run.Entry(DocumentID("good"), -Double(rank) + 0.5)) }
            try run.add(query: "q\(number)", answers)
        }
        return try Report(of: run, against: qrels, measures)
    }

    @Test func jsonKeepsTheOrderOfMeasuresAndParsesBack() throws {
        let measures = try Measure.list("RR,nDCG@10,AP(rel=2)@100")
        let report = try report([1, 2, 0], measures)
        #expect(report.json() == #"{"RR": 0.5, "nDCG@10": \#(report.means[1]), "AP(rel=2)@100": 0.0}"#)
        let parsed = try JSONSerialization.jsonObject(with: Data(report.json(perQuery: true).utf8))
        let object = try #require(parsed as? [String: Any])
        let queries = try #require(object["queries"] as? [String: [String: Double]])
        #expect(queries["q1"]?["RR"] == 0.5)
        #expect(object["RR"] as? Double == 0.5)
    }

    @Test func markdownAlignsItsColumns() throws {
        let report = try report([1, 4], [Measure("RR")])
        #expect(
            report.markdown(perQuery: true) == """
                | query |     RR |
                | ----- | -----: |
                | q0    | 1.0000 |
                | q1    | 0.2500 |
                | all   | 0.6250 |

                """)
        #expect(Report.markdown([("a|b", report)]).contains("| a\\|b   | 0.6250 |"))
    }

    @Test func unjudgedQueriesDoNotCountAndUnansweredOnesCountAsZero() throws {
        var run = Run()
        try run.add(query: "unjudged", [Run.Entry(DocumentID("d"), 1)])
        try run.add(query: "answered", [Run.Entry(DocumentID("d"), 1)])
        var qrels = Qrels()
        #expect(errorText { _ = try Report(of: run, against: qrels, [Measure("RR")]) }.contains("judge no query"))
        try qrels.judge(query: "answered", DocumentID("d"), grade: 1)
        try qrels.judge(query: "silent", DocumentID("d"), grade: 1)
        let report = try Report(of: run, against: qrels, Measure.list("RR,Judged@10"))
        #expect(report.queries == ["answered", "silent"])
        #expect(report.means == [0.5, 0.5])
    }

    /// 2^grade - 1 would be infinite, and what is divided by it no number.
    @Test func gradesBeyondExponentialGainsAreRefused() throws {
        var run = Run()
        try run.add(query: "q", [Run.Entry(DocumentID("d"), 1)])
        func scores(grade: Int, _ measure: String) throws -> [Double] {
            var qrels = Qrels()
            try qrels.judge(query: "q", DocumentID("d"), grade: grade)
            return try Report(of: run, against: qrels, [Measure(measure)]).means
        }
        #expect(try scores(grade: 1000, "nDCG(dcg='exp-log2')@10") == [1])
        #expect(try scores(grade: 2000, "nDCG@10") == [1])
        #expect(try scores(grade: 2000, "nDCG(dcg='exp-log2',gains={2000:3})@10") == [1])
        for (grade, measure) in [
            (2000, "nDCG(dcg='exp-log2')@10"), (1, "nDCG(dcg='exp-log2',gains={1:5000})@10"), (5, "ERR@10"),
        ] {
            let message = errorText { _ = try scores(grade: grade, measure) }
            #expect(message.contains("takes grades up to"), "\(measure): \(message)")
        }
    }

    @Test func countsAreSummedAndShownWhole() throws {
        let report = try report([1, 0, 2], Measure.list("NumQ NumRet NumRel NumRelRet RR"))
        #expect(report.means == [3, 29, 3, 2, 0.5])
        #expect(
            report.markdown().contains("| all   |    3 |     29 |      3 |             2 | 0.5000 |"),
            "\(report.markdown())")
    }

    @Test func gmMapIsTheGeometricMeanAndCountsSilentQueries() throws {
        var run = Run()
        var qrels = Qrels()
        try qrels.judge(query: "found", DocumentID("d"), grade: 1)
        try run.add(query: "found", [Run.Entry(DocumentID("x"), 2), Run.Entry(DocumentID("d"), 1)])
        try qrels.judge(query: "silent", DocumentID("d"), grade: 1)
        let report = try Report(of: run, against: qrels, Measure.list("gm_map"))
        #expect(abs(report.perQuery[0][0] - -0.6931471805599453) < 1e-12)
        #expect(abs(report.perQuery[1][0] - -11.512925464970229) < 1e-12)
        // trec_eval -c prints 0.0022.
        #expect(abs(report.means[0] - 0.00223606797749979) < 1e-12)
    }

    @Test func theSameReportComesFromAnyNumberOfThreads() throws {
        var run = Run()
        var qrels = Qrels()
        for query in 0..<300 {
            let documents = (0..<60).map {
                Run.Entry(DocumentID("d\(($0 * 7 + query) % 97)"), Double(($0 * query) % 13))
            }
            try run.add(query: "q\(query)", documents)
            for document in 0..<20 {
                try qrels.judge(query: "q\(query)", DocumentID("d\(document * 3)"), grade: document % 3)
            }
        }
        let measures = try Measure.list("nDCG@10 AP RR@10 R@100 Bpref Compat INST(max_rel=2)")
        let whole = try Report(of: run, against: qrels, measures)
        for (row, query) in whole.queries.enumerated() where row % 50 == 0 {
            let single = try Report(of: run, against: qrels.restricted(to: [query]), measures)
            #expect(single.perQuery == [whole.perQuery[row]])
        }
        #expect(try whole == Report(of: run, against: qrels, measures))
    }

    @Test func comparisonCountsWinsAndItsTestsAgreeWithScipy() throws {
        let measure = try Measure("RR")
        let first = try report([2, 2, 1, 5, 0, 4, 1, 3, 2, 2], [measure])
        let second = try report([1, 2, 1, 2, 5, 2, 1, 2, 4, 1], [measure])
        let comparison = try Comparison(measure, from: first, to: second)
        #expect((comparison.wins, comparison.ties, comparison.losses) == (6, 3, 1))
        #expect(abs(comparison.difference - 0.16666666666666669) < 1e-12)
        // scipy.stats.ttest_rel; and all 2^10 swaps, of which 7.8125 % are as extreme.
        #expect(abs((comparison.tTest ?? -1) - 0.05313122095555582) < 1e-9)
        #expect(abs(comparison.randomisation - 0.078125) < 0.01)
        #expect(try comparison == Comparison(measure, from: first, to: second))
        let same = try Comparison(measure, from: first, to: first)
        #expect(same.tTest == 1 && same.randomisation == 1 && same.ties == 10)
    }

    @Test func comparisonRefusesDifferentQueriesAndMeasures() throws {
        let measure = try Measure("RR")
        let two = try report([1, 1], [measure])
        #expect(errorText { _ = try Comparison(measure, from: two, to: report([1], [measure])) }.contains("different"))
        #expect(errorText { _ = try Comparison(Measure("AP"), from: two, to: two) }.contains("AP was not computed"))
    }

    @Test func benchmarksFailOutsideTheToleranceAndWhenAScoreIsMissing() throws {
        let measure = try Measure("RR")
        let result = BenchmarkResult(
            name: "toy",
            systems: [
                .init(
                    name: "dense", report: try report([1, 2], [measure]), record: RunRecord(system: "dense"),
                    expected: [
                        ExpectedScore(measure, 0.752, tolerance: 0.002, source: "a paper"),
                        ExpectedScore(measure, 0.748, tolerance: 0.001),
                        ExpectedScore(measure, 0.7, bound: .atLeast),
                        ExpectedScore(try Measure("AP"), 0.7, bound: .atLeast),
                    ])
            ])
        #expect(result.rows.map(\.passed) == [true, false, true, false])
        #expect(!result.passed)
        let table = result.expectations()
        #expect(table.contains("| dense  |      RR | 0.7520 ± 0.0020 | 0.7500 |    pass | a paper |"), "\(table)")
        #expect(table.contains("| dense  |      AP |        ≥ 0.7000 |   none |    FAIL |         |"), "\(table)")
        #expect(result.scores().contains("| dense  | 0.7500 |"))
        #expect(result.costs().isEmpty)
    }
}
