import TrawlCore
public import TrawlEngine
import TrawlSenses

/// The senses that a word has in an index, with the documents as they are now.
public struct WordSenses: Encodable, Sendable {
    public struct Neighbour: Encodable, Sendable {
        public let word: String
        /// Which sense of the word, counted from 1; nil for a word with one.
        public let sense: Int?
        public let similarity: Float
    }

    /// A passage in which the word has the sense.
    public struct Example: Encodable, Sendable {
        public let document: String
        /// nil for an occurrence in a title.
        public let passage: Int?
        /// The cosine of the sense and the words around it here.
        public let similarity: Float
        public let title: String
        /// The text of the passage, or the title.
        public let text: String
        /// Where the word is in `text`.
        public let ranges: [TextRange]
    }

    public struct Sense: Encodable, Sendable {
        /// Counted from 1, by falling share of the text that was learnt from.
        public let sense: Int
        public let occurrences: Int
        /// Of all occurrences of the word.
        public let share: Double
        /// The words in contexts most like this sense's.
        public let neighbours: [Neighbour]
        /// The occurrences most like it, of different documents first.
        public let examples: [Example]
    }

    /// The form in which the word is written most often.
    public let word: String
    public let occurrences: Int
    public let senses: [Sense]
    /// Whether the index has the documents that the senses were learnt from.
    public let isCurrent: Bool

    enum CodingKeys: String, CodingKey {
        case word, occurrences, senses
        case isCurrent = "is_current"
    }

    /// - Parameters:
    ///   - neighbours: the most of a sense.
    ///   - examples: the most of a sense.
    /// - Throws: `TrawlError` for an index without senses, or text that is not a word with senses.
    public init(_ text: String, of index: SearchIndex, neighbours: Int = 10, examples: Int = 2) throws {
        let learnt = try index.requiredSenses()
        let model = learnt.model
        let number = try index.word(text, in: learnt)
        let found = try index.occurrences(of: number, in: learnt)
        word = model.words[number].form
        occurrences = found.count
        isCurrent = try index.documentDigest() == learnt.digest
        senses = try (0..<model.senseCount(of: number)).map { sense in
            let own = found.filter { $0.sense == sense }
            return Sense(
                sense: sense + 1, occurrences: own.count, share: Double(own.count) / Double(max(1, found.count)),
                neighbours: model.neighbours(of: number, sense: sense, limit: neighbours).map {
                    Neighbour(
                        word: model.words[$0.word].form,
                        sense: model.senseCount(of: $0.word) > 1 ? $0.sense + 1 : nil, similarity: $0.cosine)
                }, examples: try Self.surest(own, examples).map { try Self.example($0, index) })
        }
    }

    private static func surest(_ occurrences: [SenseOccurrence], _ limit: Int) -> [SenseOccurrence] {
        let sorted = occurrences.enumerated().sorted {
            ($1.element.similarity, $0.offset) < ($0.element.similarity, $1.offset)
        }.map(\.element)
        var seen: Set<DocumentID> = []
        var (first, others): ([SenseOccurrence], [SenseOccurrence]) = ([], [])
        for occurrence in sorted {
            if seen.insert(occurrence.document).inserted {
                first.append(occurrence)
            } else {
                others.append(occurrence)
            }
        }
        return Array((first + others).prefix(limit))
    }

    private static func example(_ occurrence: SenseOccurrence, _ index: SearchIndex) throws -> Example {
        let reference = PassageReference(occurrence.document, occurrence.passage ?? 0)
        guard let details = try index.documents.details(of: reference) else {
            throw TrawlError(
                .corrupted, "there is no passage \(reference)", path: index.path, remedy: "build the index again")
        }
        let text = occurrence.passage == nil ? details.title : details.text
        return Example(
            document: occurrence.document.rawValue, passage: occurrence.passage, similarity: occurrence.similarity,
            title: details.title, text: text, ranges: TextRange.list([occurrence.range], in: text))
    }
}
