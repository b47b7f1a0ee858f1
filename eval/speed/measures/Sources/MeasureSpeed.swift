import Foundation
import TrawlEvaluation

/// Prints, as JSON, the seconds that reading a run and its judgements and scoring it take: MeasureSpeed FOLDER MEASURES.
@main
struct MeasureSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            FileHandle.standardError.write(Data("usage: MeasureSpeed FOLDER MEASURES\n".utf8))
            exit(64)
        }
        let clock = ContinuousClock()
        let measures = try Measure.list(arguments[2])
        let start = clock.now
        let qrels = try Qrels(path: arguments[1] + "/qrels.trec")
        let run = try Run(path: arguments[1] + "/run.trec")
        let read = clock.now
        let report = try Report(of: run, against: qrels, measures)
        let end = clock.now
        print(
            """
            {"read": \((read - start) / .seconds(1)), "evaluate": \((end - read) / .seconds(1)), \
            "scores": \(report.means)}
            """)
    }
}
