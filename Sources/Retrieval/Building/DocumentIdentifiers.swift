import Core
import Corpus
import Foundation

/// Texts beside title and text that name a document: queries that it answers, written by a model or asked by people.
///
/// They are a field of its metadata, so they travel with it through merges, and every passage of the document has them in
/// the substring index, as it has the title (the third view of MINDER, arXiv 2305.16675).
struct DocumentIdentifiers {
    /// The field of the metadata; its value is one text, or a JSON list of texts.
    let field: String

    /// What `--pseudo-queries` fills.
    static let standardField = "pseudo_queries"

    /// The texts in a field's value, without blank ones.
    func texts(in value: String?) -> [String] {
        guard let value else { return [] }
        let texts =
            value.hasPrefix("[")
            ? (try? JSONDecoder().decode([String].self, from: Data(value.utf8))) ?? [value] : [value]
        return texts.filter { $0.contains { !$0.isWhitespace } }
    }

    /// The document with `added` behind the identifiers that it brings, each once.
    func adding(_ added: [String], to document: Document) throws -> Document {
        guard !added.isEmpty else { return document }
        var texts = self.texts(in: document.value(of: field))
        for text in added where !texts.contains(text) { texts.append(text) }
        let value = String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
        return Document(
            id: document.id, title: document.title, text: document.text,
            metadata: document.metadata.filter { $0.key != field } + [MetadataField(key: field, value: value)],
            origin: document.origin)
    }
}
