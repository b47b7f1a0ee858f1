import Foundation
import Testing
import TrawlCore
import TrawlEvaluation
import TrawlTestSupport

/// Calls `body` with the path of a temporary file that holds `text`.
func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    return try body(folder.write("file", text))
}

/// The golden files are written by eval/parity/measures.py.
@Suite struct MeasureTests {
    struct Scores: Decodable {
        let mean: Double
        let queries: [String: Double]
    }

    @Test(arguments: ["ties.qrels", "ties.tsv"]) func valuesAreThoseOfIrMeasuresIncludingTies(qrels: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestFiles.golden("ties.json")))
        let expected = try JSONDecoder().decode([String: Scores].self, from: data)
        #expect(expected.count > 30)
        let measures = try expected.keys.sorted().map { try Measure($0) }
        let report = try Report(
            of: Run(path: TestFiles.golden("ties.run")), against: Qrels(path: TestFiles.golden(qrels)), measures)
        for (column, measure) in measures.enumerated() {
            let scores = try #require(expected[measure.description])
            #expect(abs(report.means[column] - scores.mean) < 1e-9, "\(measure)")
            #expect(report.queries.count == scores.queries.count)
            for (row, query) in report.queries.enumerated() {
                let score = try #require(scores.queries[query])
                #expect(abs(report.perQuery[row][column] - score) < 1e-9, "\(measure) of \(query)")
            }
        }
    }

    @Test(arguments: [
        ("map", "AP"), ("ndcg", "nDCG"), ("ndcg_cut_10", "nDCG@10"), ("ndcg_cut.10", "nDCG@10"),
        ("recip_rank", "RR"), ("recall_100", "R@100"), ("P_10", "P@10"), ("Rprec", "Rprec"), ("success_5", "Success@5"),
        ("bpref", "Bpref"), ("MRR@10", "RR@10"), ("MAP", "AP"), ("NDCG@5", "nDCG@5"), ("Recall@5", "R@5"),
        ("AP( rel = 2 )@100", "AP(rel=2)@100"), ("AP(rel=1)", "AP"), ("map_cut_100", "AP@100"),
    ]) func otherNamesMeanTheSame(alias: String, name: String) throws {
        #expect(try Measure(alias).description == name)
    }

    @Test(arguments: [
        ("ndgc@10", "did you mean nDCG@10?"), ("ndcg@10", "did you mean nDCG@10?"),
        ("Sucess@5", "did you mean Success@5?"),
        ("recal_10", "did you mean recall_10?"), ("P", "write P@10"), ("nDCG@ten", "nDCG@10"), ("Rprec@5", "no cutoff"),
        ("nDCG(rel=2)@5", "no relevance level"), ("AP(rel=0)", "not positive"), ("P@0", "not positive"),
        ("AP(foo=2)", "(rel=2)"), ("qwertyuiop", "the measures are nDCG, AP"), ("", "the measures are"),
    ]) func wrongNamesAreRefusedWithAdvice(name: String, advice: String) {
        let text = errorText { _ = try Measure(name) }
        #expect(text.contains(advice), "\(text)")
    }

    @Test func listsOfNamesKeepTheirOrder() throws {
        #expect(try Measure.list("R@100, nDCG@10 RR,R@100").map(\.description) == ["R@100", "nDCG@10", "RR"])
        #expect(errorText { _ = try Measure.list(" , ") }.contains("no measure"))
    }
}
