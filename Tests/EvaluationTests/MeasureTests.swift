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
    /// ties: scores that tie in 64 or in 32 bits, negative grades; grades: up to 4; wide: more than 1,000 answers.
    @Test(arguments: ["ties", "grades", "wide"], ["qrels", "tsv"])
    func valuesAreThoseOfIrMeasuresAndTrecEvalIncludingTies(name: String, form: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: TestFiles.golden("\(name).json")))
        // The score of all queries and those of the queries, in the order of the qrels.
        let expected = try JSONDecoder().decode([String: [Double?]].self, from: data)
        #expect(expected.count > 110)
        let keys = expected.keys.sorted()
        // gdeval prints five digits after the point.
        let isRounded = { (key: String) in key.hasPrefix("gdeval ") }
        let measures = try keys.map { try Measure($0.replacingOccurrences(of: "gdeval ", with: "")) }
        let report = try Report(
            of: Run(path: TestFiles.golden("\(name).run")), against: Qrels(path: TestFiles.golden("\(name).\(form)")),
            measures)
        for (column, key) in keys.enumerated() {
            let scores = try #require(expected[key])
            let slack = isRounded(key) ? 5.1e-6 : 1e-9
            if let mean = scores[0] { #expect(abs(report.means[column] - mean) < slack, "\(key)") }
            #expect(report.queries.count == scores.count - 1)
            for (row, query) in report.queries.enumerated() {
                let score = try #require(scores[row + 1])
                #expect(abs(report.perQuery[row][column] - score) < slack, "\(key) of \(query)")
            }
        }
    }

    @Test(arguments: [
        ("map", "AP"), ("ndcg", "nDCG"), ("ndcg_cut_10", "nDCG@10"), ("ndcg_cut.10", "nDCG@10"),
        ("recip_rank", "RR"), ("recall_100", "R@100"), ("P_10", "P@10"), ("Rprec", "Rprec"), ("success_5", "Success@5"),
        ("bpref", "Bpref"), ("MRR@10", "RR@10"), ("MAP", "AP"), ("NDCG@5", "nDCG@5"), ("Recall@5", "R@5"),
        ("AP( rel = 2 )@100", "AP(rel=2)@100"), ("AP(rel=1)", "AP"), ("map_cut_100", "AP@100"),
        ("ndcg@10", "nDCG@10"), ("hit_rate@5", "Success@5"), ("mrr@10", "RR@10"), ("precision@5", "P@5"),
        ("set_F", "SetF"), ("set_F_0.5", "SetF(beta=0.5)"), ("set_relative_P", "SetP(relative=True)"),
        ("SetRelP(rel=2)", "SetP(rel=2,relative=True)"), ("num_rel_ret", "NumRet(rel=1)"),
        ("NumRelRet", "NumRet(rel=1)"),
        ("NumRet(rel=3)", "NumRet(rel=3)"), ("iprec_at_recall_0.10", "IPrec@0.1"), ("IPrec(recall=0.5)", "IPrec@0.5"),
        ("RBP", "RBP(rel=1)"), ("RBP(p=0.9, rel=2)", "RBP(rel=2,p=0.9)"), ("RBP(p=0.8)", "RBP(rel=1)"),
        ("nDCG(dcg='exp-log2')@10", "nDCG(dcg='exp-log2')@10"), (#"nDCG(dcg="log2")@10"#, "nDCG@10"),
        ("nDCG(cutoff=10,judged_only=True)", "nDCG(judged_only=True)@10"),
        ("nDCG(gains={2: 5, 1:1, 0:0})", "nDCG(gains={2:5})"), ("gm_map", "gm_map"), ("11pt_avg", "11pt_avg"),
        ("relative_P_10", "relative_P_10"), ("BPM(T=2.0,max_rel=3)@20", "BPM(T=2.0,max_rel=3)@20"),
        ("Compat(p=0.95,normalize=False)", "Compat(normalize=False)"), ("infAP", "infAP"),
    ]) func otherNamesMeanTheSame(alias: String, name: String) throws {
        let measure = try Measure(alias)
        #expect(measure.description == name)
        #expect(try Measure(measure.description) == measure)
    }

    @Test(arguments: [
        ("ndgc@10", "did you mean nDCG@10?"), ("nDGC@10", "did you mean nDCG@10?"),
        ("Sucess@5", "did you mean Success@5?"),
        ("recal_10", "did you mean recall_10?"), ("P", "write P@10"), ("nDCG@ten", "nDCG@10"), ("Rprec@5", "no cutoff"),
        ("nDCG(rel=2)@5", "no relevance level"), ("AP(rel=0)", "not positive"), ("P@0", "not positive"),
        ("AP(foo=2)", "(rel=2)"), ("qwertyuiop", "the measures are nDCG, AP"), ("", "the measures are"),
        ("AP(judgedonly=True)", "did you mean judged_only?"), ("AP(rel)", "has no value"),
        ("AP(rel=two)", "'two' of rel"), ("nDCG(dcg='exp')@5", "dcg='exp-log2'"), ("nDCG(gains=2)", "gains={1:1,2:3}"),
        ("AP(judged_only=1)", "judged_only=True"), ("IPrec", "write IPrec@0.1"), ("IPrec@2", "not between 0 and 1"),
        ("SDCG@10", "write SDCG(max_rel=3)@10"), ("INST", "write INST(max_rel=3)"), ("NumQ(rel=1)", "write NumQ"),
        ("INST(min_rel=3,max_rel=3)", "min_rel < max_rel"), ("RBP(p=1.5)", "between 0 and 1"),
        ("SetF(beta=0)", "not positive"), ("RBP(rel=1)@10", "no cutoff"), ("alpha_nDCG@10", "diversity qrels"),
        ("Rndcg", "trec_eval"), ("infap", "did you mean infAP?"),
    ]) func wrongNamesAreRefusedWithAdvice(name: String, advice: String) {
        let text = errorText { _ = try Measure(name) }
        #expect(text.contains(advice), "\(text)")
    }

    @Test func listsOfNamesKeepTheirOrder() throws {
        #expect(try Measure.list("R@100, nDCG@10 RR,R@100").map(\.description) == ["R@100", "nDCG@10", "RR"])
        #expect(errorText { _ = try Measure.list(" , ") }.contains("no measure"))
        #expect(
            try Measure.list("AP(rel=2, judged_only=True)@5 nDCG(gains={1:2, 2:4}),RR").map(\.description)
                == ["AP(rel=2,judged_only=True)@5", "nDCG(gains={1:2,2:4})", "RR"])
    }

    @Test func namesOfTrecEvalStandForItsDefaultCutoffs() throws {
        #expect(try Measure.list("success map").map(\.description) == ["Success@1", "Success@5", "Success@10", "AP"])
        #expect(try Measure.list("ndcg_cut").count == 9)
        #expect(
            try Measure.list("P.5,10 iprec_at_recall.0.2,0.4").map(\.description)
                == ["P@5", "P@10", "IPrec@0.2", "IPrec@0.4"])
        #expect(errorText { _ = try Measure.list("AP,10") }.contains("no measure '10'"))
    }

    @Test func gradesBeyondWhatERRTakesAreRefused() throws {
        let qrels = try withFile("1 0 d 5\n") { try Qrels(path: $0) }
        let error = errorText { _ = try Report(of: Run(), against: qrels, Measure.list("ERR@10")) }
        #expect(error.contains("grades up to 4") && error.contains("have 5"), "\(error)")
        #expect(try Report(of: Run(), against: qrels, Measure.list("nDCG@10")).means == [0])
    }

    @Test func whatTheReferencesDivideByZeroIsZeroOrOne() throws {
        let qrels = try withFile("1 0 a 1\n1 0 b 1\n") { try Qrels(path: $0) }
        let unjudged = try withFile("1 Q0 x 1 2 t\n1 Q0 y 2 1 t\n") { try Run(path: $0) }
        let measures = try Measure.list("IPrec(judged_only=True)@0 SetP(judged_only=True) Accuracy")
        #expect(try Report(of: unjudged, against: qrels, measures).means == [0, 0, 0])
        let perfect = try withFile("1 Q0 a 1 2 t\n1 Q0 b 2 1 t\n") { try Run(path: $0) }
        #expect(try Report(of: perfect, against: qrels, measures).means == [1, 1, 1])
    }

    @Test func orderIsThatOfTheMeasuresProvider() throws {
        // b ties with a; in 32 bits, c ties with both.
        let run = try withFile("1 Q0 b 1 1 t\n1 Q0 a 2 1 t\n1 Q0 c 3 0.9999999999 t\n") { try Run(path: $0) }
        func ranks(_ measure: String) throws -> [Double] {
            try ["a", "b", "c"].map { document in
                let qrels = try withFile("1 0 \(document) 1\n1 0 z 0\n") { try Qrels(path: $0) }
                return try Report(of: run, against: qrels, Measure.list(measure)).means[0]
            }
        }
        #expect(try ranks("RR") == [1 / 3, 1 / 2, 1])
        #expect(try ranks("RR@10") == [1, 1 / 2, 1 / 3])
        #expect(try ranks("P@1") == [0, 0, 1])
        #expect(try ranks("nDCG(dcg='exp-log2')@1") == [0, 1, 0])
        #expect(try ranks("SDCG(max_rel=1)@1") == [0, 1, 0])
    }
}
