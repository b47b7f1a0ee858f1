import TrawlCore
import TrawlLexicalIndex
import TrawlStore

/// BM25 over the postings of all segments.
struct LexicalRetriever: Retriever {
    let name = "lexical"
    private let searcher: LexicalSearcher
    private let analysis: AnalyzerSettings

    init(_ index: SearchIndex, _ recipe: LexicalRecipe) throws {
        try index.require(.lexical)
        // The index was analysed as its own recipe says, whatever the user changed.
        analysis = index.recipe.lexical.analysis
        searcher = try LexicalSearcher(
            index.snapshot.segments, settings: analysis, parameters: BM25Parameters(k1: recipe.k1, b: recipe.b))
    }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try queries.map { query in
            Retrieved(ranking: try searcher.search(query, k: limit)) { id, passage in
                try matches(query, id, passage)
            }
        }
    }

    private func matches(_ query: String, _ id: PassageID, _ passage: StoredPassage) throws -> [Match] {
        let terms = try searcher.explain(query, passage: id).filter { $0.frequency > 0 }
        let analyzer = try Analyzer(analysis)
        var ranges: [String: [Range<Int>]] = [:]
        for word in Self.words(of: passage.text) {
            for term in analyzer.terms(of: passage.text.substring(utf8: word)) {
                ranges[term, default: []].append(word)
            }
        }
        return terms.sorted { $0.score > $1.score }.map { term in
            Match(
                stage: name, text: term.term, count: term.passageFrequency, contribution: term.score,
                ranges: ranges[term.term] ?? [])
        }
    }

    /// The byte ranges of the words of `text`: what is neither white space nor punctuation.
    private static func words(of text: String) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        var offset = 0
        for character in text {
            let isWord = character.isLetter || character.isNumber || character == "'" || character == "’"
            if isWord, start == nil { start = offset }
            if !isWord, let begin = start {
                words.append(begin..<offset)
                start = nil
            }
            offset += character.utf8.count
        }
        if let start { words.append(start..<offset) }
        return words
    }
}
