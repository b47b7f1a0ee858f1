import Foundation
import TrawlCore
import TrawlLexicalIndex
import TrawlStore

/// Searches an index by words on one thread: `LexicalSpeed INDEX QUERIES K ROUNDS`, one query a line. `lexical.py` runs it.
///
/// For each query it prints a line of JSON: the seconds of the fastest round, and the passages found with their scores.
@main
struct LexicalSpeed {
    struct Line: Encodable {
        let seconds: Double
        let hits: [[Double]]
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let k = Int(arguments[3]), let rounds = Int(arguments[4]) else {
            FileHandle.standardError.write(Data("usage: LexicalSpeed INDEX QUERIES K ROUNDS\n".utf8))
            exit(2)
        }
        let queries = try String(contentsOfFile: arguments[2], encoding: .utf8).split(separator: "\n").map(String.init)
        let searcher = try LexicalSearcher(
            Store.open(at: arguments[1]).snapshot().segments,
            settings: AnalyzerSettings(language: "xx", stemmer: nil, removesStopWords: false),
            parameters: BM25Parameters(k1: 1.2, b: 0.75))
        var best = [Double](repeating: .infinity, count: queries.count)
        var found = [Ranking](repeating: Ranking([]), count: queries.count)
        for _ in 0..<rounds {
            for (number, query) in queries.enumerated() {
                let elapsed = try ContinuousClock().measure { found[number] = try searcher.search(query, k: k) }
                best[number] = min(best[number], elapsed / .seconds(1))
            }
        }
        for (seconds, ranking) in zip(best, found) {
            let line = Line(
                seconds: seconds, hits: ranking.map { [Double($0.passage.rawValue), Double($0.score)] })
            print(String(decoding: try JSONEncoder().encode(line), as: UTF8.self))
        }
    }
}
