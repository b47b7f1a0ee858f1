public import TrawlCore
import TrawlLexicalIndex
import TrawlSenses
import TrawlStore

/// A place in a document where a word occurs, with the sense that it has there.
public struct SenseOccurrence: Sendable {
    public let document: DocumentID
    /// The passage that has it, counted from 0; nil in a title.
    public let passage: Int?
    /// In the text of the passage, or the title, in UTF-8 bytes.
    public let range: Range<Int>
    /// Counted from 0.
    public let sense: Int
    /// The cosine of the sense and the words around it.
    public let similarity: Float
    /// The passages of the document, as they are numbered in the index.
    let passages: Range<UInt32>
}

extension SearchIndex {
    /// The occurrences of `word` in the documents as they are now, in order. Where passages overlap, an occurrence is in the first.
    ///
    /// - Complexity: O(text of the documents that have the word), and of all documents in an index that does not find words.
    public func occurrences(of word: Int, in senses: IndexSenses) throws -> [SenseOccurrence] {
        let model = senses.model
        let analyzer = try Analyzer(recipe.lexical.analysis)
        let wanted = try documentNumbers(withWord: model.words[word].form)
        var found: [SenseOccurrence] = []
        for segment in documents.segments {
            for local in 0..<segment.reader.info.documentCount
            where !segment.isDead(document: local)
                && wanted?.contains(segment.reader.documentBase + local) ?? true
            {
                let document = try segment.document(local)
                let own = try segment.passages(of: local)
                let (base, first) = (segment.reader.passageBase, own.lowerBound)
                let passages = base + first..<base + own.upperBound
                for (range, sense, similarity) in model.occurrences(of: word, in: document.title, analyzer) {
                    found.append(
                        SenseOccurrence(
                            document: document.id, passage: nil, range: range, sense: sense, similarity: similarity,
                            passages: passages))
                }
                for (range, sense, similarity) in model.occurrences(of: word, in: document.text, analyzer) {
                    // What is in no passage, such as a part of a word that was cut, is not found by a search either.
                    guard let passage = document.passages.firstIndex(where: { $0.contains(range) }) else { continue }
                    let start = document.passages[passage].lowerBound
                    found.append(
                        SenseOccurrence(
                            document: document.id, passage: passage,
                            range: range.lowerBound - start..<range.upperBound - start, sense: sense,
                            similarity: similarity, passages: passages))
                }
            }
        }
        return found
    }

    /// The numbers of the passages in which a word occurs in the sense `reference`. A title belongs to all passages of its document.
    ///
    /// - Throws: `TrawlError.invalidInput` for a sense that there is not.
    func passages(with reference: SenseReference) throws -> Set<UInt32> {
        let senses = try requiredSenses()
        let word = try self.word(reference.word, in: senses)
        let count = senses.model.senseCount(of: word)
        guard reference.sense <= count else {
            throw TrawlError(
                .invalidInput,
                "\"\(reference.word)\" has " + (count == 1 ? "1 sense" : "\(count) senses")
                    + ", not \(reference.sense)", path: path, remedy: "list them", topic: .senseList)
        }
        var members: Set<UInt32> = []
        for occurrence in try occurrences(of: word, in: senses) where occurrence.sense == reference.sense - 1 {
            if let passage = occurrence.passage {
                members.insert(occurrence.passages.lowerBound + UInt32(passage))
            } else {
                members.formUnion(occurrence.passages)
            }
        }
        return members
    }

    /// The documents that the lexical index has for a word; nil where there is none that knows.
    private func documentNumbers(withWord word: String) throws -> Set<UInt32>? {
        let part = LexicalPart()
        guard parts.contains(where: { $0.name == part.name }) else { return nil }
        let searcher = try open(part)
        let query = try searcher.resolve(.group([.init(.required, .word(word))]))
        let ranking = try searcher.search(query, k: documents.passageCount + documents.deletedPassageCount) { id in
            let passage = try self.documents.passage(id)
            return (passage.title, passage.text)
        }
        return Set(try ranking.map { try documents.documentNumber(of: $0.passage) })
    }
}

extension SenseModel {
    /// The occurrences of `word` in a text with the most similar sense of each.
    fileprivate func occurrences(
        of word: Int, in text: String, _ analyzer: Analyzer
    ) -> [(range: Range<Int>, sense: Int, similarity: Float)] {
        var (words, ranges): ([Int], [Range<Int>]) = ([], [])
        analyzer.forEachTerm(of: text) { (term: String, range) in
            guard let number = number(of: term) else { return }
            words.append(number)
            ranges.append(range)
        }
        return words.indices.filter { words[$0] == word }.map { position in
            let near = max(0, position - window)..<min(words.count, position + window + 1)
            let similarities = similarities(of: word, context: near.filter { $0 != position }.map { words[$0] })
            let sense = similarities.indices.max { (similarities[$0], $1) < (similarities[$1], $0) } ?? 0
            return (ranges[position], sense, similarities[sense])
        }
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}
