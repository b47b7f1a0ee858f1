public import TrawlCore
public import TrawlEngine
import TrawlLexicalIndex
public import TrawlSenses

/// Learns the senses of words from the documents of an index.
public struct SenseLearning: Sendable {
    public var training = SenseTraining()
    /// The fewest occurrences of a word whose senses are learnt.
    public var minimumCount = 20
    /// The most words, the most frequent of them.
    public var vocabulary = 50_000
    /// The most words of text to learn from; of a larger index, documents at equal distances are read.
    public var limit = 5_000_000

    public init() {}

    public struct Report: Codable, Sendable {
        /// The documents that were read, and the words of their texts that were learnt from.
        public let documents: Int
        public let tokens: Int
        /// The words that are frequent enough, and those of them with more than one sense.
        public let words: Int
        public let ambiguousWords: Int

        enum CodingKeys: String, CodingKey {
            case documents, tokens, words
            case ambiguousWords = "ambiguous_words"
        }
    }

    /// - Throws: `TrawlError.invalidInput` for an index with too few words; `CancellationError` when it was cancelled.
    /// - Complexity: about 10 µs for a word and a pass, on one thread.
    public func run(
        _ index: SearchIndex, progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> (senses: IndexSenses, report: Report) {
        let (text, read) = try text(of: index, progress, cancellation)
        do {
            let model = try training.model(of: text, progress: progress, cancellation: cancellation)
            let report = Report(
                documents: read, tokens: text.tokenCount, words: model.words.count,
                ambiguousWords: model.words.indices.count { model.senseCount(of: $0) > 1 })
            let senses = IndexSenses(
                model, documents: index.documents.documentCount, digest: try index.documentDigest())
            return (senses, report)
        } catch let error as TrawlError {
            throw error.at(path: index.path)
        }
    }

    /// The words of the documents as the index analyses them; a title is a text of its own.
    private func text(
        of index: SearchIndex, _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws -> (text: SenseText, documents: Int) {
        let analyzer = try Analyzer(index.recipe.lexical.analysis)
        let total = index.documents.documentCount
        progress.begin("reading", total: total, unit: "documents")
        defer { progress.end() }
        // The first documents tell how many of all are enough.
        var stride = 1
        var (builder, read) = (SenseTextBuilder(), 0)
        while true {
            (builder, read) = (SenseTextBuilder(), 0)
            let isWhole = try forEachDocument(of: index, every: stride, cancellation) { document in
                for text in [document.title, document.text] {
                    analyzer.forEachTerm(of: text) { (term: String, range) in
                        builder.add(term: term, form: text.form(range))
                    }
                    builder.endText()
                }
                read += 1
                if stride == 1 { progress.advance(1) }
                return builder.tokenCount <= limit
            }
            if isWhole { break }
            // As many documents as were read so far fill the limit.
            stride = max(stride + 1, (total + read - 1) / read)
            progress.note("every \(stride)th document is read: \(limit) words are enough")
        }
        return (builder.finish(minimumCount: minimumCount, maximumWords: vocabulary), read)
    }

    /// Calls `body` with documents at equal distances until it answers false; whether it never did.
    private func forEachDocument(
        of index: SearchIndex, every stride: Int, _ cancellation: Cancellation,
        _ body: (StoredDocument) throws -> Bool
    ) throws -> Bool {
        struct Enough: Error {}
        var number = 0
        do {
            try index.documents.forEachDocument { document in
                if cancellation.isCancelled { throw CancellationError() }
                if number.isMultiple(of: stride), try !body(document) { throw Enough() }
                number += 1
            }
            return true
        } catch is Enough {
            return false
        }
    }
}

extension String {
    /// The word at a range of UTF-8 bytes in small letters.
    fileprivate func form(_ range: Range<Int>) -> String {
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        let end = utf8.index(start, offsetBy: range.count)
        return String(self[start..<end]).lowercased()
    }
}
