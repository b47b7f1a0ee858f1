extension RunComparison {
    /// The comparison as LaTeX tables in the style of `booktabs`, to be put into a document.
    public func latex() -> String {
        let text = ComparisonText(self)
        return "% \\usepackage{booktabs}\n" + means(text) + (pairs.isEmpty ? "" : "\n" + pairsTable(text))
    }

    private func means(_ text: ComparisonText) -> String {
        var rows = ""
        for system in systems.indices {
            let label = text.marksByLetters ? "\(LaTeX.escaped(text.label(system)))\\enspace " : ""
            var line = label + LaTeX.escaped(systems[system].name)
            var below = ""
            for column in measures.indices {
                let mean = reports[system].means[column]
                let score = ComparisonText.score(mean)
                let isBest = score == ComparisonText.score(best(column))
                let mark = text.mark(system, measures[column])
                line += " & " + (isBest ? "\\textbf{\(score)}" : score) + LaTeX.mark(mark)
                below += " & {\\scriptsize \(LaTeX.escaped(ComparisonText.interval(intervals[system][column])))}"
            }
            line += text.costs.cells(systems[system].cost).map { " & " + LaTeX.escaped($0) }.joined()
            below += String(repeating: " &", count: text.costs.header.count)
            rows += "    \(line) \\\\\n    \(below) \\\\\n"
        }
        return LaTeX.table(
            caption: text.notes.joined(separator: " "), label: "tab:systems", columns: text.meansHeader, left: 1,
            rows: rows)
    }

    private func pairsTable(_ text: ComparisonText) -> String {
        let header = ["measure", "pair"] + text.pairHeader
        var rows = ""
        for (number, measure) in measures.enumerated() {
            if number > 0 { rows += "    \\addlinespace\n" }
            for (row, pair) in pairs(measure).enumerated() {
                let name = "\(systems[pair.second].name) − \(systems[pair.first].name)"
                let cells = [row == 0 ? measure.description : "", name] + text.cells(pair)
                rows += "    " + cells.map(LaTeX.escaped).joined(separator: " & ") + " \\\\\n"
            }
        }
        return LaTeX.table(caption: text.pairsNote, label: "tab:pairs", columns: header, left: 2, rows: rows)
    }
}

/// Text as LaTeX takes it.
enum LaTeX {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\textbackslash{}"
            case "~": escaped += "\\textasciitilde{}"
            case "^": escaped += "\\textasciicircum{}"
            case "<": escaped += "\\textless{}"
            case ">": escaped += "\\textgreater{}"
            case "|": escaped += "\\textbar{}"
            // A shorthand of babel.
            case "\"": escaped += "\"{}"
            case "'": escaped += "'{}"
            case "`": escaped += "`{}"
            // Two of them would be a dash.
            case "-": escaped += "-{}"
            case "{", "}", "$", "&", "#", "_", "%": escaped += "\\\(scalar)"
            case "[", "]": escaped += "{\(scalar)}"
            case "−": escaped += "$-$"
            case "≤": escaped += "$\\leq$"
            case "↑": escaped += "$\\uparrow$"
            case "↓": escaped += "$\\downarrow$"
            case "–": escaped += "--"
            case _ where scalar.properties.generalCategory == .control: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A superscript that takes no width, so that numbers stay in line.
    static func mark(_ mark: String) -> String {
        switch mark {
        case "": ""
        case "↑": "\\rlap{$^{\\uparrow}$}"
        case "↓": "\\rlap{$^{\\downarrow}$}"
        default: "\\rlap{$^{\\mathrm{\(mark)}}$}"
        }
    }

    static func table(caption: String, label: String, columns: [String], left: Int, rows: String) -> String {
        let alignment = columns.indices.map { $0 < left ? "l" : "r" }.joined()
        return """
            \\begin{table}
              \\centering
              \\caption{\(escaped(caption))}
              \\label{\(label)}
              \\begin{tabular}{\(alignment)}
                \\toprule
                \(columns.map(escaped).joined(separator: " & ")) \\\\
                \\midrule
            \(rows)    \\bottomrule
              \\end{tabular}
            \\end{table}

            """
    }
}
