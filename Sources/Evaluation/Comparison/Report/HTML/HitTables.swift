import TrawlCore

/// For each query on which the systems differ most: what each found, side by side.
struct HitTables {
    let systems: [String]
    let measure: Measure
    let hits: HitComparison
    let texts: ComparisonTexts

    var html: String { hits.rows.enumerated().map { section($1, number: $0 + 1) }.joined() }

    private func section(_ row: HitComparison.Row, number: Int) -> String {
        let text = texts[query: row.query]
        var html = "<section class=\"query\"><h3>\(number). "
        html += text.map { "<span dir=\"auto\">\(HTMLText.escaped($0))</span> " } ?? ""
        html += "<span class=\"id\">query \(HTMLText.name(HTMLText.shortened(row.query, 60)))</span></h3>\n"
        html += HTMLText.wide("Hits of query \(row.query)", table(row))
        if !row.relevant.isEmpty { html += relevant(row) }
        html += passages(row)
        return html + "</section>\n"
    }

    private func table(_ row: HitComparison.Row) -> String {
        let depth = row.hits.map(\.count).max() ?? 0
        var html =
            "<table class=\"hits\" style=\"min-width:\(systems.count * 9 + 3)rem\"><thead><tr><th scope=\"col\" class=\"rank\">rank</th>"
        for (name, score) in zip(systems, row.scores) {
            html +=
                "<th scope=\"col\">\(HTMLText.name(name))<span class=\"ci\">\(HTMLText.escaped(measure.description)) "
                + "\(ComparisonText.score(score))</span></th>"
        }
        html += "</tr></thead><tbody>\n"
        for rank in 0..<depth {
            html += "<tr><th scope=\"row\" class=\"rank\">\(rank + 1)</th>"
            for list in row.hits { html += rank < list.count ? cell(list[rank]) : "<td></td>" }
            html += "</tr>\n"
        }
        return html + "</tbody></table>\n"
    }

    private func cell(_ hit: HitComparison.Hit) -> String {
        let name = HTMLText.shortened(hit.document.rawValue, 60)
        let title = texts[hit.document].map { HTMLText.shortened($0.title.isEmpty ? $0.text : $0.title, 90) }
        // Of a long title two lines are shown; the name is in a tooltip, and with the text below.
        let content =
            title.map {
                "<span class=\"clip\" dir=\"auto\" title=\"\(HTMLText.escaped(name))\">\(HTMLText.escaped($0))</span>"
            }
            ?? "<span class=\"clip\">\(HTMLText.name(name))</span>"
        let isRelevant = (hit.grade ?? 0) > 0
        return "<td\(isRelevant ? " class=\"relevant\"" : "")><div>\(Self.badge(hit.grade))\(content)</div></td>"
    }

    /// The grade as a sign whose form says whether it is relevant.
    private static func badge(_ grade: Int?) -> String {
        guard let grade else {
            return "<span class=\"grade\">\(HTMLText.spoken("not judged"))<span aria-hidden=\"true\">·</span></span>"
        }
        let style = grade > 0 ? "grade good" : "grade bad"
        return "<span class=\"\(style)\">\(HTMLText.spoken("grade"))\(grade)</span>"
    }

    private func relevant(_ row: HitComparison.Row) -> String {
        var html = "<table class=\"ranks\"><caption>Ranks of the relevant documents"
        if row.relevantCount > row.relevant.count {
            html += " (\(row.relevant.count) of \(ComparisonText.grouped(row.relevantCount)))"
        }
        html += "</caption><thead><tr><th scope=\"col\">document</th>"
        for name in systems { html += "<th scope=\"col\">\(HTMLText.name(name))</th>" }
        html += "</tr></thead><tbody>\n"
        for (hit, ranks) in row.relevant {
            let name = HTMLText.name(HTMLText.shortened(hit.document.rawValue, 60))
            let title = texts[hit.document].map {
                HTMLText.escaped(HTMLText.shortened($0.title.isEmpty ? $0.text : $0.title, 70))
            }
            html += "<tr><th scope=\"row\">\(Self.badge(hit.grade))"
            html += title.map { "<span dir=\"auto\">\($0)</span> <span class=\"id\">\(name)</span>" } ?? name
            html += "</th>"
            for rank in ranks { html += "<td>\(rank.map(ComparisonText.grouped) ?? "–")</td>" }
            html += "</tr>\n"
        }
        return HTMLText.wide("Relevant documents of query \(row.query)", html + "</tbody></table>\n")
    }

    /// The beginnings of the documents that one wants to read: the first of each system and the relevant ones.
    private func passages(_ row: HitComparison.Row) -> String {
        var seen: Set<DocumentID> = []
        var list = ""
        let wanted = row.hits.flatMap { $0.prefix(2) } + row.relevant.map(\.hit)
        for hit in wanted where seen.insert(hit.document).inserted {
            guard let text = texts[hit.document] else { continue }
            list +=
                "<dt>\(Self.badge(hit.grade))<span dir=\"auto\">\(HTMLText.escaped(HTMLText.shortened(text.title, 200)))</span> "
                + "<span class=\"id\">\(HTMLText.name(HTMLText.shortened(hit.document.rawValue, 60)))</span></dt>"
                + "<dd dir=\"auto\">\(HTMLText.escaped(HTMLText.shortened(text.text, 400)))</dd>\n"
        }
        return list.isEmpty
            ? "" : HTMLText.details("Texts of the first and of the relevant documents", "<dl>\n\(list)</dl>\n")
    }
}
