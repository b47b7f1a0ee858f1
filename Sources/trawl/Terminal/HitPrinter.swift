import Foundation
import TrawlCore
import TrawlEngine

/// Prints answers: for people, or one JSON object a hit.
struct HitPrinter {
    let style: Style
    let json: Bool
    let explain: Bool

    func show(_ result: SearchResult, heading: Bool) throws {
        if json {
            for (place, hit) in result.hits.enumerated() { try Output.json(HitOutput(result, place, hit)) }
            return
        }
        if heading { Output.line(style.bold("# \(result.query)")) }
        for (place, hit) in result.hits.enumerated() { show(hit, rank: place + 1) }
        if result.hits.isEmpty { Diagnostics.line("no hits for \"\(result.query)\"") }
        if explain, !result.keys.isEmpty { show(result.keys) }
        if heading { Output.line("") }
    }

    private func show(_ hit: SearchHit, rank: Int) {
        let name = hit.document.rawValue + (hit.passage > 0 ? "#\(hit.passage)" : "")
        let title = hit.title.isEmpty ? name : hit.title
        let head = "\(rank)" + String(repeating: " ", count: max(1, 3 - "\(rank)".count)) + style.title(title)
        Output.line(head + "  " + style.dim((title == name ? "" : name + "  ") + number(hit.score)))
        Output.line("   " + Snippet(hit.text, highlights: hit.matches.flatMap(\.ranges)).rendered(style))
        guard explain else { return }
        let stages = hit.stages.map { stage in
            stage.rank.map { "\(stage.stage) \(number(stage.score ?? 0)) (#\($0))" } ?? "\(stage.stage) –"
        }
        Output.line("   " + style.dim("why: " + stages.joined(separator: " · ")))
        for stage in ["lexical", "generative"] {
            let matches = hit.matches.filter { $0.stage == stage }
            guard !matches.isEmpty else { continue }
            let listed = matches.prefix(8).map { match in
                "\"\(style.highlight(match.text))\" ×\(grouped(match.count)) +\(number(match.contribution))"
            }
            let more = matches.count > 8 ? ", \(matches.count - 8) more" : ""
            Output.line("   " + style.dim("\(stage): ") + listed.joined(separator: ", ") + more)
        }
    }

    private func show(_ keys: [GeneratedKey]) {
        Output.line(style.bold("n-grams that the generator wrote"))
        NGramPrinter(style: style).show(keys.prefix(15))
    }

    private func number(_ value: Float) -> String { String(format: abs(value) < 10 ? "%.3f" : "%.1f", value) }
}

/// One hit as scripts get it.
private struct HitOutput: Encodable {
    let queryID: String
    let query: String
    let rank: Int
    let document: String
    let title: String
    let passage: Int
    let range: [Int]
    let text: String
    let score: Float
    let stages: [StageScore]
    let matches: [MatchOutput]

    struct MatchOutput: Encodable {
        let stage: String
        let text: String
        let count: Int
        let contribution: Float
        let ranges: [[Int]]
    }

    private enum CodingKeys: String, CodingKey {
        case queryID = "query_id"
        case query, rank, document, title, passage, range, text, score, stages, matches
    }

    init(_ result: SearchResult, _ place: Int, _ hit: SearchHit) {
        queryID = result.queryID
        query = result.query
        rank = place + 1
        document = hit.document.rawValue
        title = hit.title
        passage = hit.passage
        range = [hit.range.lowerBound, hit.range.upperBound]
        text = hit.text
        score = hit.score
        stages = hit.stages
        matches = hit.matches.map { match in
            MatchOutput(
                stage: match.stage, text: match.text, count: match.count, contribution: match.contribution,
                ranges: match.ranges.map { [$0.lowerBound, $0.upperBound] })
        }
    }
}
