extension RunComparison {
    /// The comparison as Markdown: the table of means, and a table of pairs for each measure.
    public func markdown() -> String {
        let text = ComparisonText(self)
        var parts = [Self.table(header: text.meansHeader, meansRows(text))]
        parts.append(text.notes.joined(separator: "\n") + "\n")
        if !pairs.isEmpty {
            for measure in measures {
                let rows = pairs(measure).map { pair in
                    ["\(systems[pair.second].name) − \(systems[pair.first].name)"] + text.cells(pair)
                }
                parts.append(Self.table(header: [measure.description] + text.pairHeader, rows))
            }
            parts.append(text.pairsNote + "\n")
        }
        return parts.joined(separator: "\n")
    }

    private func meansRows(_ text: ComparisonText) -> [[String]] {
        // Marks are padded, so that the numbers stay in line.
        let widths = measures.map { measure in systems.indices.map { text.mark($0, measure).count }.max() ?? 0 }
        return systems.indices.map { system in
            let label = text.marksByLetters ? "\(text.label(system)) " : ""
            let means = measures.indices.map { column in
                let mark = text.mark(system, measures[column])
                let padding = String(repeating: " ", count: widths[column] - mark.count)
                return ComparisonText.score(reports[system].means[column])
                    + (widths[column] > 0 ? " " + mark + padding : "")
                    + " [\(ComparisonText.interval(intervals[system][column]))]"
            }
            return [label + systems[system].name] + means + text.costs.cells(systems[system].cost)
        }
    }

    /// A table whose cells are on one line each.
    private static func table(header: [String], _ rows: [[String]]) -> String {
        func line(_ cell: String) -> String {
            let scalars = cell.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
            return String(String.UnicodeScalarView(scalars))
        }
        return Report.table(header: header.map(line), rows.map { $0.map(line) })
    }
}

extension ComparisonText {
    var meansHeader: [String] {
        ["system"] + comparison.measures.map(\.description) + costs.header
    }
}
