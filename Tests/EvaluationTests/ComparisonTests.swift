import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEvaluation

/// Runs in which each query has one relevant document, `good`, at a given rank.
func comparedSystem(_ name: String, ranks: [Int], record: RunRecord? = nil) throws -> ComparedSystem {
    var run = Run()
    for (number, rank) in ranks.enumerated() where rank > 0 {
        let answers = (1...max(rank, 2)).map { place in
            Run.Entry(DocumentID(place == rank ? "good" : "bad\(place)"), -Double(place))
        }
        try run.add(query: "q\(number)", answers)
    }
    return ComparedSystem(name: name, run: run, record: record)
}

func qrelsOfOneDocument(_ queries: Int) throws -> Qrels {
    var qrels = Qrels()
    for number in 0..<queries { try qrels.judge(query: "q\(number)", DocumentID("good"), grade: 1) }
    return qrels
}

@Suite struct ComparisonTests {
    private static let first = [2, 2, 1, 5, 3, 4, 1, 3, 2, 2]
    private static let second = [1, 2, 1, 2, 5, 2, 1, 2, 4, 1]
    private static let third = [1, 1, 1, 1, 1, 1, 2, 1, 1, 1]

    private func compared(
        _ settings: ComparisonSettings = ComparisonSettings(), baseline: String? = nil, measures: String = "RR,P@1"
    ) throws -> RunComparison {
        try RunComparison(
            [
                comparedSystem("one", ranks: Self.first), comparedSystem("two", ranks: Self.second),
                comparedSystem("three", ranks: Self.third),
            ], qrelsOfOneDocument(10), Measure.list(measures), baseline: baseline, settings)
    }

    @Test func everySystemIsSetAgainstTheBaselineUnderEveryMeasure() throws {
        let comparison = try compared()
        #expect(comparison.pairs.map(\.measure.description) == ["RR", "RR", "P@1", "P@1"])
        #expect(comparison.pairs.map(\.first) == [0, 0, 0, 0] && comparison.pairs.map(\.second) == [1, 2, 1, 2])
        for pair in comparison.pairs {
            let measure = pair.measure
            let direct = try Comparison(
                measure, from: comparison.reports[pair.first], to: comparison.reports[pair.second])
            #expect(pair.comparison == direct && pair.p == direct.tTest)
            let interval = try #require(pair.interval)
            #expect(interval.low <= direct.difference && direct.difference <= interval.high)
        }
        // The p-values under one measure are a family.
        for measure in comparison.measures {
            let pairs = comparison.pairs(measure)
            #expect(pairs.map(\.correctedP) == Correction.holm.adjusted(pairs.map(\.p)))
            #expect(pairs.map(\.isSignificant) == pairs.map { $0.correctedP <= 0.05 })
        }
        #expect(!comparison.pairs.filter(\.isSignificant).isEmpty)
    }

    /// Sums and geometric means have differences and intervals of their own scale.
    @Test func intervalsAreThoseOfTheScoresThatAreShown() throws {
        for pairs in [ComparisonSettings.Pairs.baseline, .all] {
            var settings = ComparisonSettings()
            settings.pairs = pairs
            let comparison = try compared(settings, measures: "RR,NumRet,gm_map")
            for system in comparison.systems.indices {
                for column in comparison.measures.indices {
                    let score = comparison.reports[system].means[column]
                    let interval = try #require(comparison.intervals[system][column])
                    #expect(interval.low <= score && score <= interval.high, "\(comparison.measures[column])")
                }
            }
            for (number, pair) in comparison.pairs.enumerated() {
                let column = number / (comparison.pairs.count / 3)
                let scores = [pair.first, pair.second].map { comparison.reports[$0].means[column] }
                #expect(abs(pair.comparison.difference - (scores[1] - scores[0])) < 1e-12, "\(pair.measure)")
                let interval = try #require(pair.interval)
                #expect(interval.low < pair.comparison.difference && pair.comparison.difference < interval.high)
            }
        }
        let alike = try RunComparison(
            [comparedSystem("one", ranks: Self.first), comparedSystem("two", ranks: Self.first)],
            qrelsOfOneDocument(10), Measure.list("gm_map"))
        #expect(alike.pairs[0].interval == ConfidenceInterval(low: 0, high: 0))
    }

    @Test func anotherBaselineTurnsTheDifferencesRound() throws {
        let comparison = try compared(baseline: "three", measures: "RR")
        #expect(comparison.pairs.map(\.first) == [2, 2] && comparison.pairs.map(\.second) == [0, 1])
        let usual = try compared(measures: "RR").pairs[1].comparison
        #expect(comparison.pairs[0].comparison.difference == -usual.difference)
        #expect(comparison.pairs[0].comparison.wins == usual.losses)
    }

    @Test func allPairsBeginWithTheBaseline() throws {
        var settings = ComparisonSettings()
        settings.pairs = .all
        let comparison = try compared(settings, baseline: "two", measures: "RR")
        #expect(comparison.pairs.map { [$0.first, $0.second] } == [[1, 0], [1, 2], [0, 2]])
    }

    @Test(arguments: SignificanceTest.allCases) func eachTestGivesItsValue(test: SignificanceTest) throws {
        var settings = ComparisonSettings()
        settings.test = test
        settings.correction = .none
        let pair = try compared(settings, measures: "RR").pairs[0]
        let differences = pair.comparison.differences
        let expected =
            switch test {
            case .t: PairedTTest(differences)?.p
            case .wilcoxon: WilcoxonTest(differences).p
            case .randomisation: RandomisationTest(differences).p
            }
        #expect(pair.p == expected && pair.correctedP == pair.p)
    }

    @Test func theSameSeedGivesTheSameIntervals() throws {
        var settings = ComparisonSettings()
        let (a, b) = try (compared(settings), compared(settings))
        #expect(a.intervals == b.intervals && a.pairs == b.pairs)
        settings.seed = 2
        #expect(try a.intervals != compared(settings).intervals)
    }

    @Test func roundingIsATie() throws {
        let measure = try Measure("RR")
        let report = try Report(of: comparedSystem("a", ranks: [3, 3]).run, against: qrelsOfOneDocument(2), [measure])
        let comparison = try Comparison(measure, from: report, to: report)
        #expect((comparison.wins, comparison.ties, comparison.losses) == (0, 2, 0))
        #expect(comparison.tTest == 1 && comparison.randomisation == 1)
    }

    @Test func everyJudgedQueryCountsForEverySystem() throws {
        let comparison = try RunComparison(
            [comparedSystem("whole", ranks: [1, 1, 1, 1]), comparedSystem("half", ranks: [1, 0, 1, 0])],
            qrelsOfOneDocument(4), Measure.list("RR"))
        #expect(comparison.reports.map { $0.means[0] } == [1, 0.5])
        #expect(comparison.warnings == ["half: judged queries that are not in the run and count with 0: 2 of 4"])
    }

    @Test func aCutoffBelowTheDepthOfARunIsReported() throws {
        let comparison = try RunComparison(
            [comparedSystem("short", ranks: [1, 3])], qrelsOfOneDocument(2), Measure.list("RR,R@100"))
        #expect(
            comparison.warnings == ["short: the run lists at most 3 documents per query, fewer than R@100 looks at"])
        #expect(comparison.pairs.isEmpty && comparison.markdown().contains("| short"))
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        let (one, two) = try (comparedSystem("one", ranks: [1, 2]), comparedSystem("one", ranks: [2, 1]))
        let other = try comparedSystem("two", ranks: [2, 1])
        let (qrels, measures) = try (qrelsOfOneDocument(2), Measure.list("RR"))
        func message(_ systems: [ComparedSystem], _ qrels: Qrels, _ baseline: String? = nil) -> String {
            errorText { _ = try RunComparison(systems, qrels, measures, baseline: baseline) }
        }
        #expect(message([one, two], qrels).contains("two systems have the name 'one'"))
        #expect(message([one, other], qrels, "tow").contains("did you mean 'two'?"))
        #expect(message([one, other], qrels, "bm25").contains("the systems are one, two"))
        #expect(try message([one, other], qrelsOfOneDocument(1)).contains("only one query is judged"))
        #expect(message([], qrels).contains("no system"))
        var stranger = Qrels()
        try stranger.judge(query: "x", DocumentID("good"), grade: 1)
        #expect(message([one, other], stranger).contains("none of the queries is judged"))
    }

    @Test func namesAreThoseOfFilesAndElseOfRecords() throws {
        let records = [RunRecord(system: "lexical"), RunRecord(system: "dense")]
        func names(_ paths: [String], _ records: [RunRecord?]) throws -> [String] {
            try ComparedSystem.names(ofRuns: paths, records: records)
        }
        #expect(try names(["runs/bm25.trec.gz", "b.v2.run", "c"], [nil, nil, nil]) == ["bm25", "b.v2", "c"])
        #expect(try names(["a/run.txt", "b/run.txt"], records) == ["lexical", "dense"])
        #expect(errorText { _ = try names(["a/run.txt", "b/run.txt"], [records[0], nil]) }.contains("'run'"))
    }

    /// Two relevant documents at ranks 2 and 4 of a query, and a query without an answer.
    @Test func precisionIsInterpolatedAtElevenLevelsOfRecall() throws {
        var (run, qrels) = (Run(), Qrels())
        try run.add(query: "a", ["x", "good", "y", "fine"].enumerated().map { .init(DocumentID($1), -Double($0)) })
        for document in ["good", "fine"] { try qrels.judge(query: "a", DocumentID(document), grade: 2) }
        #expect(try PrecisionRecall(of: run, against: qrels).precision == [Double](repeating: 0.5, count: 11))
        try qrels.judge(query: "a", DocumentID("lost"), grade: 1)
        // From 0.8 on, all three would be needed.
        #expect(
            try PrecisionRecall(of: run, against: qrels).precision == [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0, 0])
        try qrels.judge(query: "b", DocumentID("good"), grade: 1)
        #expect(try PrecisionRecall(of: run, against: qrels).precision[0] == 0.25)
    }

    @Test func theParetoFrontHasWhatNothingBeats() throws {
        func record(_ time: Double?) -> RunRecord {
            var record = RunRecord(system: "s")
            record.cost = .init(
                queries: 4, seconds: 1, medianMilliseconds: time, percentile95Milliseconds: time, peakMemory: 1,
                indexBytes: 1)
            return record
        }
        let comparison = try RunComparison(
            [
                comparedSystem("fast", ranks: [2, 2, 2, 2], record: record(1)),
                comparedSystem("bad", ranks: [5, 5, 5, 5], record: record(3)),
                comparedSystem("good", ranks: [1, 1, 1, 2], record: record(2)),
                comparedSystem("slow", ranks: [1, 1, 1, 2], record: record(4)),
                comparedSystem("untimed", ranks: [1, 1, 1, 1], record: record(nil)),
            ], qrelsOfOneDocument(4), Measure.list("RR"))
        #expect(CostChart(comparison).front.map(\.name) == ["fast", "good"])
        #expect(comparison.html().contains("Without a record of their times: untimed."))
        #expect(comparison.markdown().contains("ms/query"))
    }

    @Test func timesThatCannotBeAreRefusedAndNotDrawn() throws {
        let folder = try TemporaryFolder()
        func read(_ time: Double) throws -> RunRecord? {
            var record = RunRecord(system: "s")
            record.cost = .init(
                queries: 4, seconds: 1, medianMilliseconds: time, percentile95Milliseconds: nil, peakMemory: 1,
                indexBytes: 1)
            _ = try folder.write("a.run.json", record.json())
            return try RunRecord(ofRun: folder.path("a.run"))
        }
        #expect(try read(0.5)?.cost?.medianMilliseconds == 0.5)
        for time in [1.7e308, -1, 1e-300] {
            #expect(errorText { _ = try read(time) }.contains("a time that cannot be"), "\(time)")
        }
        #expect(Drawing.number(.infinity) == "1000000" && Drawing.number(-1e300) == "-1000000")
        #expect(Drawing.number(.nan) == "0" && Drawing.number(-2.345) == "-2.35")
    }

    @Test func theQueriesThatDifferMostComeFirst() throws {
        let comparison = try RunComparison(
            [comparedSystem("a", ranks: [1, 1, 1, 3]), comparedSystem("b", ranks: [1, 2, 0, 1])],
            qrelsOfOneDocument(4), Measure.list("RR"))
        let hits = HitComparison(of: comparison, queries: 2, depth: 2)
        #expect(hits.rows.map(\.query) == ["q2", "q3"])
        #expect(hits.rows[1].relevant.map(\.ranks) == [[3, 1]])
        #expect(hits.rows[0].relevant[0].ranks == [1, nil])
        #expect(hits.rows[1].hits.map { $0.map(\.grade) } == [[nil, nil], [1, nil]])
        // The relevant document is shown although the first system has it below.
        #expect(hits.documents.map(\.rawValue) == ["bad1", "bad2", "good"])
        #expect(hits.shows(query: "q2") && !hits.shows(query: "q1") && !hits.shows(DocumentID("bad3")))
    }
}
