import TrawlCore
import TrawlEmbeddings
import TrawlEvaluation
import TrawlTestSupport

extension FuzzTarget {
    /// Judgements, runs and the files of tasks.
    static var evaluations: [FuzzTarget] {
        [
            FuzzTarget(
                "qrels", seeds: try repositorySeeds(inFolder: "Tests/EvaluationTests/Golden", suffix: ".qrels")
            ) { folder in
                let run = try Run(path: folder.write("run", Array("1 Q0 a 1 2.5 x\n1 Q0 b 2 1.5 x\n".utf8)))
                let measures = try Measure.list("nDCG@10, AP, R@100, RBP(p=0.8), ERR@20, infAP, bpref, Compat(p=0.9)")
                return { bytes in
                    let qrels = try Qrels(path: folder.write("qrels", bytes))
                    _ = try Report(of: run, against: qrels, measures)
                }
            },
            FuzzTarget(
                "run", seeds: try repositorySeeds(inFolder: "Tests/EvaluationTests/Golden", suffix: ".run")
            ) { folder in
                let qrels = try Qrels(path: folder.write("qrels", Array("1 0 a 1\n1 0 b 0\n2 0 c 2\n".utf8)))
                let measures = try Measure.list("nDCG@10, AP, R@100, RR, Judged@10")
                return { bytes in
                    let run = try Run(path: folder.write("run", bytes))
                    defer { _ = try? run.excludingQueryDocuments().trecText() }
                    _ = try Report(of: run, against: qrels, measures)
                }
            },
            FuzzTarget("tasks", file: "task") { path in
                defer { _ = try? AnsweredQuestions(path: path) }
                defer { _ = try? LabelledPairs(path: path) }
                defer { _ = try? LabelledTexts(path: path) }
                defer { _ = try? RerankingLists(path: path) }
                _ = try ScoredPairs(path: path)
            },
            FuzzTarget(
                "kilt", file: "kilt.jsonl",
                seeds: try repositorySeeds(inFolder: "Tests/EvaluationTests/Golden", suffix: ".jsonl")
            ) { path in
                let file = try KILTFile(path: path)
                _ = try KILTReport(KILTPredictions(file), against: file)
            },
            FuzzTarget("run-record", file: "run.json") { path in
                _ = try RunRecord(ofRun: String(path.dropLast(".json".count)))
            },
            FuzzTarget("numpy", file: "a.npy") { path in
                defer { _ = try? NumPyFile.ranges(path: path) }
                _ = try NumPyFile.matrix(path: path)
            },
            FuzzTarget("answers") { _ in
                { bytes in
                    // The right answers and a text that may hold one.
                    let lines = bytes.split(separator: 10, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
                    guard lines.count == 2 else { return }
                    _ = AnswerScores(lines[0], [lines[1]])
                    for rule in AnswerMatcher.Rule.allCases {
                        var matcher = AnswerMatcher(rule)
                        _ = matcher.matches(matcher.prepare(lines[1]), [lines[0]])
                    }
                }
            },
        ]
    }
}
