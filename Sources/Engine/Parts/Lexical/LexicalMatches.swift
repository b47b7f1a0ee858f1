import TrawlCore
package import TrawlLexicalIndex

/// What people see of a search by words.
package enum LexicalMatches {
    /// The words of a query in a passage, those that add most first.
    ///
    /// - Parameter found: what adds to the passage's score, each with the terms that it stands for.
    package static func list(
        _ found: [(explanation: TermExplanation, terms: [String])], in passage: StoredPassage,
        _ settings: AnalyzerSettings
    ) throws -> [Match] {
        let found = found.filter { $0.explanation.frequency > 0 }
        let analyzer = try Analyzer(settings)
        let wanted = Set(found.flatMap(\.terms))
        var ranges: [String: [Range<Int>]] = [:]
        analyzer.forEachTerm(of: passage.text) { term, range in
            if wanted.contains(term) { ranges[term, default: []].append(range) }
        }
        return found.sorted { $0.explanation.score > $1.explanation.score }.map { found in
            Match(
                stage: "lexical", text: found.explanation.term, count: found.explanation.passageFrequency,
                contribution: found.explanation.score,
                ranges: found.terms.flatMap { ranges[$0] ?? [] }.sorted { $0.lowerBound < $1.lowerBound })
        }
    }

    /// `query` with its corrections; nil without any.
    package static func corrected(_ query: String, _ corrections: [(word: String, correction: String)]) -> String? {
        if corrections.isEmpty { return nil }
        return corrections.reduce(query) { $0.replacing($1.word, with: $1.correction, maxReplacements: 1) }
    }
}
