import Foundation
import Testing
import TrawlCore
import TrawlEvaluation

/// The path of a golden file; see eval/parity/measures.py.
func golden(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)").path
}

/// Calls `body` with the path of a temporary file that holds `text`.
func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "trawl-evaluation-\(UUID().uuidString)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// The description of the error that `body` throws.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}

@Suite struct MeasureTests {
    struct Scores: Decodable {
        let mean: Double
        let queries: [String: Double]
    }

    @Test(arguments: ["ties.qrels", "ties.tsv"]) func valuesAreThoseOfIrMeasuresIncludingTies(qrels: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: golden("ties.json")))
        let expected = try JSONDecoder().decode([String: Scores].self, from: data)
        #expect(expected.count > 30)
        let measures = try expected.keys.sorted().map { try Measure($0) }
        let report = try Report(of: Run(path: golden("ties.run")), against: Qrels(path: golden(qrels)), measures)
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
        let text = message { _ = try Measure(name) }
        #expect(text.contains(advice), "\(text)")
    }

    @Test func listsOfNamesKeepTheirOrder() throws {
        #expect(try Measure.list("R@100, nDCG@10 RR,R@100").map(\.description) == ["R@100", "nDCG@10", "RR"])
        #expect(message { _ = try Measure.list(" , ") }.contains("no measure"))
    }
}
