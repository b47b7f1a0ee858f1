import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex

/// BM25 over the postings of all segments.
struct LexicalRetriever: Retriever {
    let name = "lexical"
    private let searcher: LexicalSearcher

    init(_ searcher: LexicalSearcher) { self.searcher = searcher }

    func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try queries.map { query in
            Retrieved(
                ranking: try searcher.search(query, k: limit), bound: try searcher.highestScore(of: query),
                matches: { id, passage in try matches(query, id, passage) })
        }
    }

    private func matches(_ query: String, _ id: PassageID, _ passage: StoredPassage) throws -> [Match] {
        let terms = try searcher.explain(query, passage: id).filter { $0.frequency > 0 }
        let analyzer = try Analyzer(searcher.settings)
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
