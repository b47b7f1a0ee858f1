import TrawlCore
import TrawlCorpus

extension Recipe {
    /// The names of the corpus formats.
    public static var corpusFormats: [String] { CorpusFormat.allCases.map(\.rawValue) }
}

extension CorpusRecipe {
    func corpusFormat() throws -> CorpusFormat? {
        guard let format else { return nil }
        guard let known = CorpusFormat(rawValue: format) else {
            throw TrawlError(
                .invalidInput, "unknown corpus format \"\(format)\"",
                remedy: "the formats are \(Recipe.corpusFormats.joined(separator: ", "))")
        }
        return known
    }

    /// The standard field names, with the recipe's own in front.
    var fieldMapping: FieldMapping {
        var mapping = FieldMapping.default
        if let id = fields["id"] { mapping.id.insert(id, at: 0) }
        if let title = fields["title"] { mapping.title.insert(title, at: 0) }
        if let text = fields["text"] { mapping.text.insert(text, at: 0) }
        return mapping
    }
}
