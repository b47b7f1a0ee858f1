public import TrawlSenses

/// The senses that were learnt from the documents of an index.
public struct IndexSenses: Sendable {
    public let model: SenseModel
    /// The documents that the index had then.
    public let documents: Int
    /// The digest of their ids and lengths, in their order: see `SearchIndex.documentDigest`.
    public let digest: String

    public init(_ model: SenseModel, documents: Int, digest: String) {
        (self.model, self.documents, self.digest) = (model, documents, digest)
    }
}

/// A sense of a word as people name it: the word, `#`, and its number, counted from 1, such as `bank#2`.
public struct SenseReference: Hashable, Sendable, CustomStringConvertible {
    public let word: String
    /// Counted from 1.
    public let sense: Int

    public init(word: String, sense: Int) { (self.word, self.sense) = (word, sense) }

    /// nil for a text of another form.
    public init?(_ text: String) {
        guard let sign = text.lastIndex(of: "#"), sign > text.startIndex,
            let sense = Int(text[text.index(after: sign)...]), sense > 0,
            text[text.index(after: sign)...].allSatisfy(\.isASCII)
        else { return nil }
        self.init(word: String(text[..<sign]), sense: sense)
    }

    public var description: String { "\(word)#\(sense)" }
}
