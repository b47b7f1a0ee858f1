import Foundation
import TrawlCore
import TrawlCorpus

/// Texts beside title and text by which a document's passages are found: queries that they answer, written by a model
/// or asked by people (the third view of MINDER, arXiv 2305.16675).
///
/// They are a field of the document's metadata, so they travel with it through merges. In the substring index each
/// stands after one passage.
struct DocumentIdentifiers {
    /// The field of the metadata; its value is one text, or a JSON list of texts.
    let field: String

    /// The field's value in a document, as the index stores it.
    func value(of document: Document) -> String? {
        DocumentMetadata(document.metadata.filter { $0.key == field })[field]
    }

    /// The texts in a field's value, without blank ones.
    ///
    /// - Throws: `TrawlError.invalidInput` for JSON that is not a list of texts.
    func texts(in value: String?) throws -> [String] {
        guard let value else { return [] }
        let data = Data(value.utf8)
        let texts: [String]
        if let list = try? JSONDecoder().decode([String].self, from: data) {
            texts = list
        } else if (try? JSONSerialization.jsonObject(with: data)) != nil {
            throw TrawlError(
                .invalidInput, "the field \"\(field)\" is neither a text nor a list of texts: \(value.prefix(40))",
                remedy: "make it a list of texts")
        } else {
            texts = [value]
        }
        return texts.filter { $0.contains { !$0.isWhitespace } }
    }

    /// The texts in a field's value, each at the passage that it shares most words with, the first of equals.
    ///
    /// - Complexity: O(words of all passages + words of all texts x passages); where there is one passage, nothing is
    ///   compared.
    func texts(in value: String?, of passages: [String]) throws -> [[String]] {
        let texts = try texts(in: value)
        guard passages.count > 1, !texts.isEmpty else { return passages.map { _ in texts } }
        let words = passages.map(Self.words)
        var assigned = passages.map { _ in [String]() }
        for text in texts {
            let wanted = Self.words(text)
            let shared = words.map { $0.intersection(wanted).count }
            let best = shared.indices.max { shared[$0] < shared[$1] || (shared[$0] == shared[$1] && $0 > $1) }
            assigned[best ?? 0].append(text)
        }
        return assigned
    }

    private static func words(_ text: String) -> Set<Substring> {
        Set(text.lowercased().split { !$0.isLetter && !$0.isNumber })
    }

    /// The document with `added` after the identifiers that it brings, each once.
    ///
    /// - Throws: as `check`.
    func adding(_ added: [String], to document: Document) throws -> Document {
        var texts = try check(document)
        guard !added.isEmpty else { return document }
        for text in added where !texts.contains(text) { texts.append(text) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let value = String(decoding: try encoder.encode(texts), as: UTF8.self)
        var identified = Document(
            id: document.id, title: document.title, text: document.text,
            metadata: document.metadata.filter { $0.key != field } + [
                MetadataField(key: field, value: value, isJSON: true)
            ],
            headings: document.headings, origin: document.origin)
        identified.position = document.position
        return identified
    }

    /// The identifiers that a document brings.
    ///
    /// - Throws: `TrawlError.invalidInput` with the document's origin when the field is not a list of texts.
    @discardableResult
    func check(_ document: Document) throws -> [String] {
        do {
            // Readers give the members of an object as fields of their own.
            if let member = document.metadata.first(where: { $0.key.hasPrefix(field + ".") }) {
                throw TrawlError(
                    .invalidInput,
                    "the field \"\(field)\" is neither a text nor a list of texts: it has \"\(member.key)\"",
                    remedy: "make it a list of texts")
            }
            return try texts(in: value(of: document))
        } catch let error as TrawlError {
            throw error.at(path: document.origin.path, line: document.origin.line)
        }
    }
}
