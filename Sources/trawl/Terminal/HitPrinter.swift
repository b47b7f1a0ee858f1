import Foundation
import TrawlCore
import TrawlEngine

/// Prints answers: for people, or one JSON object per hit.
struct HitPrinter {
    let style: Style
    let json: Bool
    let explain: Bool

    func show(_ result: SearchResult, heading: Bool) throws {
        for note in result.notes { Diagnostics.line("note: \(note)") }
        if let suggestion = result.suggestion { Diagnostics.line("did you mean: \(suggestion)") }
        if json {
            for hit in result.hits { try Output.json(hit) }
            return
        }
        if heading { Output.line(style.bold("# \(result.query.visibleLine)")) }
        for hit in result.hits { show(hit) }
        if result.hits.isEmpty { Diagnostics.line("no hits for \"\(result.query)\"") }
        if explain, !result.keys.isEmpty { show(result.keys) }
        if heading { Output.line("") }
    }

    private func show(_ hit: SearchHit) {
        let name = PassageReference(hit.document, hit.passage).description.visibleLine
        let title = ([hit.title.isEmpty ? name : hit.title] + hit.section).map(\.visibleLine).joined(separator: " › ")
        let head = "\(hit.rank)" + String(repeating: " ", count: max(1, 3 - "\(hit.rank)".count)) + style.title(title)
        Output.line(head + "  " + style.dim((title == name ? "" : name + "  ") + number(hit.score)))
        Output.line(
            "   "
                + Snippet(hit.text, matches: hit.matches).rendered(
                    plain: \.visibleLine, highlight: { style.highlight($0.visibleLine) }))
        guard explain else { return }
        let stages = hit.stages.map { stage in
            let added = stage.added.map { ($0 < 0 ? " " : " +") + number($0) } ?? ""
            guard let rank = stage.rank else { return stage.stage + (added.isEmpty ? " –" : added) }
            return "\(stage.stage) \(number(stage.score ?? 0)) (#\(rank))\(added)"
        }
        Output.line("   " + style.dim("why: " + stages.joined(separator: " · ")))
        for stage in hit.stages.map(\.stage) {
            let matches = hit.matches.filter { $0.stage == stage }
            guard !matches.isEmpty else { continue }
            let listed = matches.prefix(8).map { match in
                "\"\(style.highlight(match.text.visibleLine))\" ×\(grouped(match.count)) +\(number(match.contribution))"
            }
            let more = matches.count > 8 ? ", \(matches.count - 8) more" : ""
            Output.line("   " + style.dim("\(stage): ") + listed.joined(separator: ", ") + more)
        }
    }

    private func show(_ keys: [GeneratedKey]) {
        Output.line(style.bold("generated n-grams"))
        NGramPrinter(style: style).show(keys.prefix(15))
    }

    private func number(_ value: Float) -> String { String(format: abs(value) < 10 ? "%.3f" : "%.1f", value) }
}
