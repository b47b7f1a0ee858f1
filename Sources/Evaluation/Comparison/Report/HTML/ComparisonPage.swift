extension RunComparison {
    /// The comparison as an HTML page that needs nothing else: no network, no script. The same comparison gives the same bytes.
    ///
    /// - Parameters:
    ///   - title: The heading; nil for one that counts systems and queries.
    ///   - hits: What the systems found for the queries on which they differ most.
    ///   - texts: Of these queries and documents, as far as they are known.
    public func html(
        title: String? = nil, hits: HitComparison? = nil, texts: ComparisonTexts = ComparisonTexts(),
        _ provenance: ComparisonProvenance = ComparisonProvenance()
    ) -> String {
        ComparisonPage(
            comparison: self, title: title, hits: hits ?? HitComparison(of: self), texts: texts, provenance: provenance
        ).html
    }
}

/// The sections of the page.
private struct ComparisonPage {
    let comparison: RunComparison
    let title: String?
    let hits: HitComparison
    let texts: ComparisonTexts
    let provenance: ComparisonProvenance

    /// More would make the page heavy; CSV has all.
    private static let mostListedQueries = 1000

    private var text: ComparisonText { ComparisonText(comparison) }
    private var names: [String] { comparison.systems.map(\.name) }
    private var measure: Measure { comparison.measures[0] }
    private var baselineName: String { names[comparison.baseline] }

    var html: String {
        let count = comparison.systems.count
        let heading = title ?? (count == 1 ? "Evaluation of \(names[0])" : "Comparison of \(count) systems")
        let subtitle =
            "\(ComparisonText.grouped(comparison.queries.count)) judged queries; "
            + comparison.measures.map(\.description).joined(separator: ", ")
        var sections = [means]
        if !comparison.pairs.isEmpty { sections += [pairs, differences] }
        sections += [precisionRecall, cost, scores]
        if count > 1 { sections.append(disagreements) }
        sections.append(section("Provenance", ProvenanceSection(comparison: comparison, provenance: provenance).html))
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(HTMLText.escaped(heading))</title>
            <style>
            \(pageStyle)
            </style>
            </head>
            <body>
            <main>
            <h1>\(HTMLText.escaped(heading))</h1>
            <p class="note">\(HTMLText.escaped(subtitle))</p>
            \(warnings)\(sections.joined())</main>
            </body>
            </html>

            """
    }

    private func section(_ heading: String, _ content: String) -> String {
        "<h2>\(HTMLText.escaped(heading))</h2>\n\(content)"
    }

    private func note(_ text: String) -> String { "<p class=\"note\">\(HTMLText.escaped(text))</p>\n" }

    private func figure(_ svg: String, _ caption: String) -> String {
        "<figure>\(HTMLText.wide(caption, svg))<figcaption>\(HTMLText.escaped(caption))</figcaption></figure>\n"
    }

    private var warnings: String {
        guard !comparison.warnings.isEmpty else { return "" }
        return "<ul class=\"warnings\">\n"
            + comparison.warnings.map { "<li>\(HTMLText.escaped($0))</li>\n" }.joined() + "</ul>\n"
    }

    // MARK: Means

    private var means: String {
        let longest =
            comparison.systems.indices.flatMap { system in
                comparison.measures.map { text.mark(system, $0).count }
            }.max() ?? 0
        // Marks have a width of their own, so that the numbers stay in line.
        let width = longest == 0 ? "0rem" : "\(Drawing.number(0.3 + 0.6 * Double(longest)))rem"
        var html = "<table class=\"means\" style=\"--marks:\(width)\"><thead><tr><th scope=\"col\">system</th>"
        for measure in comparison.measures {
            html += "<th scope=\"col\" class=\"score\">\(HTMLText.escaped(measure.description))</th>"
        }
        let costs = text.costs
        for name in costs.header { html += "<th scope=\"col\">\(HTMLText.escaped(name))</th>" }
        html += "</tr></thead><tbody>\n"
        for (system, compared) in comparison.systems.enumerated() {
            html += "<tr><th scope=\"row\">"
            if text.marksByLetters { html += "<span class=\"id\">\(text.label(system))</span> " }
            html += HTMLText.name(compared.name) + "</th>"
            for column in comparison.measures.indices { html += mean(system, column) }
            for cell in costs.cells(compared.cost) { html += "<td>\(cell)</td>" }
            html += "</tr>\n"
        }
        html += "</tbody></table>\n"
        return section("Means", HTMLText.wide("Means", html))
            + text.notes.map(note).joined()
    }

    private func mean(_ system: Int, _ column: Int) -> String {
        let score = ComparisonText.score(comparison.reports[system].means[column])
        let isBest = score == ComparisonText.score(comparison.best(column)) && comparison.systems.count > 1
        let mark = text.mark(system, comparison.measures[column])
        let spoken = mark == "↑" ? "significantly better" : mark == "↓" ? "significantly worse" : nil
        let style = mark == "↑" ? " up" : mark == "↓" ? " down" : ""
        let sign =
            spoken.map { "<span aria-hidden=\"true\">\(mark)</span>\(HTMLText.spoken($0))" } ?? HTMLText.escaped(mark)
        return "<td>\(isBest ? "<b>\(score)</b>" : score)<span class=\"mark\(style)\">\(sign)</span>"
            + "<span class=\"ci\">\(ComparisonText.interval(comparison.intervals[system][column]))</span></td>"
    }

    // MARK: Pairs

    private var pairs: String {
        let header = text.pairHeader
        var html = "<table class=\"pairs\"><thead><tr><th scope=\"col\">pair</th>"
        html += "<th scope=\"col\"><span class=\"spoken\">plot</span></th>"
        for name in header { html += "<th scope=\"col\">\(HTMLText.escaped(name))</th>" }
        html += "</tr></thead>\n"
        for measure in comparison.measures {
            let pairs = comparison.pairs(measure)
            let plot = ForestPlot(pairs)
            html +=
                "<tbody><tr><th scope=\"rowgroup\" colspan=\"\(header.count + 2)\">"
                + "\(HTMLText.escaped(measure.description))</th></tr>\n"
            for (number, pair) in pairs.enumerated() { html += row(pair, plot, isLast: number == pairs.count - 1) }
            html +=
                "<tr aria-hidden=\"true\"><td></td><td class=\"plot\">\(plot.scale)</td>"
                + "<td colspan=\"\(header.count)\"></td></tr></tbody>\n"
        }
        return section("Differences", HTMLText.wide("Differences", html + "</table>\n"))
            + note(text.pairsNote + " Filled squares are significant.")
    }

    private func row(_ pair: SystemPair, _ plot: ForestPlot, isLast: Bool) -> String {
        var html = "<tr\(isLast ? " class=\"last\"" : "")><th scope=\"row\">\(HTMLText.name(names[pair.second])) − "
        html += "\(HTMLText.name(names[pair.first]))</th><td class=\"plot\">\(plot.row(pair))</td>"
        let style = pair.isSignificant ? (pair.comparison.difference > 0 ? " class=\"up\"" : " class=\"down\"") : ""
        for (number, cell) in text.cells(pair).enumerated() {
            html += "<td\(number == 0 ? style : "")>\(HTMLText.escaped(cell))</td>"
        }
        return html + "</tr>\n"
    }

    private var differences: String {
        // Also with all pairs, bars show each system against the baseline.
        let compared = comparison.pairs(measure).filter { $0.first == comparison.baseline }
        let bound = compared.flatMap(\.comparison.differences).map(abs).max() ?? 1
        var html = "<div class=\"multiples\">\n"
        for pair in compared {
            let (second, counts) = (names[pair.second], pair.comparison)
            let svg = DifferenceBars.svg(
                "bars-\(pair.second)", counts, second: second, first: baselineName, bound: max(bound, 1e-6))
            html +=
                "<figure><figcaption>\(HTMLText.name(second)): \(counts.wins) better, \(counts.ties) equal, "
                + "\(counts.losses) worse</figcaption>\(svg)</figure>\n"
        }
        return section("Differences by query", html + "</div>\n")
            + note("\(measure) of each system less that of \(baselineName), a bar for each query, sorted.")
    }

    // MARK: Pictures

    private var precisionRecall: String {
        let chart = PrecisionRecallChart(names: names, curves: comparison.curves)
        return section(
            "Precision and recall",
            figure(
                chart.svg("pr"), "Interpolated precision at eleven levels of recall, averaged over the judged queries.")
                + HTMLText.details("Values", HTMLText.wide("Precision at levels of recall", chart.table)))
    }

    private var cost: String {
        let chart = CostChart(comparison)
        let missing = names.filter { name in !chart.points.contains { $0.name == name } }
        guard !chart.points.isEmpty else {
            return section(
                "Quality and cost",
                note("No run has a record of its times per query beside it, so there is nothing to draw."))
        }
        return section(
            "Quality and cost",
            figure(
                chart.svg("cost"),
                "\(measure) with its interval against the median time per query. Filled marks, joined by a line: the Pareto front; "
                    + "no other system is both better and faster.")
                + (missing.isEmpty ? "" : note("Without a record of their times: \(missing.joined(separator: ", ")).")))
    }

    private var scores: String {
        let map = HeatMap(comparison: comparison, column: 0)
        let caption =
            "\(measure) of every query, the easiest on the left. "
            + (map.isBinned ? "A column is the mean of neighbouring queries." : "A column is a query.")
        let count = comparison.queries.count
        let table =
            count <= Self.mostListedQueries
            ? HTMLText.details(
                "\(measure) of all \(ComparisonText.grouped(count)) queries",
                HTMLText.wide("Scores by query", map.table))
            : note("There are too many queries to list here; CSV and JSON have the score of each.")
        return section("Queries by systems", figure(map.svg("heat"), caption) + table)
    }

    private var disagreements: String {
        guard !hits.rows.isEmpty else {
            return section(
                "Where the systems differ most", note("All systems have the same \(measure) on every query."))
        }
        let count = hits.rows.count
        let tables = HitTables(systems: names, measure: measure, hits: hits, texts: texts)
        return section(
            "Where the systems differ most",
            note(
                "The \(count == 1 ? "query" : "\(count) queries") with the greatest range of \(measure) over the systems, and what "
                    + "each found. A number before a document is its grade; green on a filled ground is relevant, a dot is not judged."
            ) + tables.html)
    }
}
