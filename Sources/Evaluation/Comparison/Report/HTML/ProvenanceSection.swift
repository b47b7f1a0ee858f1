/// What one needs to make the runs and the comparison again.
struct ProvenanceSection {
    let comparison: RunComparison
    let provenance: ComparisonProvenance

    var html: String {
        let settings = comparison.settings
        var rows: [(String, String)] = []
        if !provenance.version.isEmpty { rows.append(("program", "trawl \(HTMLText.escaped(provenance.version))")) }
        if !provenance.command.isEmpty { rows.append(("command", command(provenance.command))) }
        rows.append(
            (
                "statistics",
                HTMLText.escaped(
                    "\(ComparisonText(comparison).testName), correction \(settings.correction.rawValue), alpha "
                        + "\(ComparisonText.short(settings.alpha)), confidence \(ComparisonText.short(settings.confidence)), "
                        + "\(ComparisonText.grouped(settings.samples)) samples, seed \(settings.seed)")
            ))
        if let qrels = provenance.qrels { rows.append(("judgements", source(qrels))) }
        if let queries = provenance.queries { rows.append(("queries", source(queries))) }
        if let corpus = provenance.corpus { rows.append(("texts", source(corpus))) }
        var html = table(rows)
        for system in comparison.systems {
            html += "<h3>\(HTMLText.name(system.name))</h3>\n" + table(self.rows(system))
        }
        return html
    }

    private func rows(_ system: ComparedSystem) -> [(String, String)] {
        var rows: [(String, String)] = []
        rows.append(("run", system.source.map(source) ?? "not a file"))
        guard let record = system.record else { return rows + [("record", "none beside the run")] }
        rows.append(("system", HTMLText.escaped(record.system)))
        if !record.command.isEmpty { rows.append(("command", command(record.command))) }
        if !record.version.isEmpty { rows.append(("program", "trawl " + HTMLText.escaped(record.version))) }
        if !record.binary.isEmpty { rows.append(("binary", "<code>\(HTMLText.escaped(record.binary))</code>")) }
        if let index = record.index { rows.append(("index", source(index))) }
        for model in record.models {
            rows.append(
                (
                    HTMLText.escaped(model.role),
                    (model.name.isEmpty ? "" : HTMLText.name(model.name) + "<br>")
                        + "<code>\(HTMLText.escaped(model.digest))</code>"
                ))
        }
        if let queries = record.queries { rows.append(("queries", source(queries))) }
        if let qrels = record.qrels { rows.append(("judgements", source(qrels))) }
        if let settings = record.settings {
            rows.append(
                ("settings", "<details><summary>show</summary><pre>\(HTMLText.escaped(settings))</pre></details>"))
        }
        return rows
    }

    private func source(_ source: RunRecord.Source) -> String {
        "\(HTMLText.name(source.path)), \(ComparisonText.grouped(source.bytes)) bytes<br>"
            + "<code>\(HTMLText.escaped(source.digest))</code>"
    }

    /// The words as a shell takes them.
    private func command(_ words: [String]) -> String {
        let quoted = words.map { word in
            let isPlain =
                !word.isEmpty
                && word.unicodeScalars.allSatisfy {
                    ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                        || "-_./,=:@+%".unicodeScalars.contains($0)
                }
            return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
        }
        return "<code>\(HTMLText.escaped(quoted.joined(separator: " ")))</code>"
    }

    private func table(_ rows: [(String, String)]) -> String {
        "<table class=\"sources\"><tbody>\n"
            + rows.map { "<tr><th scope=\"row\">\($0.0)</th><td>\($0.1)</td></tr>\n" }.joined()
            + "</tbody></table>\n"
    }
}
