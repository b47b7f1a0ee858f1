public import TrawlCore

/// A passage as hits and occurrences name it: the id of its document, and unless it is the first one `#` and its number,
/// counted from 0, such as `notes.md#12`.
public struct PassageReference: Hashable, Sendable, CustomStringConvertible {
    public let document: DocumentID
    public let passage: Int

    public init(_ document: DocumentID, _ passage: Int) {
        self.document = document
        self.passage = passage
    }

    /// What stands before and after the last `#`; nil for a text that is only an id.
    public init?(_ text: String) {
        guard let sign = text.lastIndex(of: "#"), sign > text.startIndex,
            let number = Int(text[text.index(after: sign)...]),
            number >= 0, text[text.index(after: sign)...].allSatisfy(\.isASCII)
        else { return nil }
        self.init(DocumentID(String(text[..<sign])), number)
    }

    public var description: String { document.rawValue + (passage > 0 ? "#\(passage)" : "") }
}

/// A passage with its place and its document's metadata.
public struct PassageDetails: Encodable, Sendable {
    public let document: DocumentID
    /// The passage's number within its document, from 0, and its range in the document's text.
    public let passage: Int
    public let range: TextRange
    public let title: String
    public let text: String
    public let metadata: DocumentMetadata
}

extension StoredDocuments {
    /// The passage that `reference` names, or nil.
    public func details(of reference: PassageReference) throws -> PassageDetails? {
        guard let id = try passage(reference) else { return nil }
        let passage = try passage(id)
        return PassageDetails(
            document: passage.document, passage: passage.ordinal, range: try range(of: id), title: passage.title,
            text: passage.text, metadata: try metadata(of: id))
    }
}
