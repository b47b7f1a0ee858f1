import TrawlCore
public import TrawlCorpus

extension CorpusRecipe {
    /// The names of the corpus formats.
    public static var formats: [String] { CorpusFormat.allCases.map(\.rawValue) }

    /// Finds the files of the corpus; reads none yet.
    ///
    /// - Parameters:
    ///   - paths: other files or folders than the recipe's, in its format.
    ///   - onBadInput: what is done with a file or record that cannot be read, where there are others.
    /// - Throws: `TrawlError` for an unknown format, a missing path, or folders without files to read.
    public func reader(paths: [String]? = nil, onBadInput: BadInputPolicy = .skip) throws -> CorpusReader {
        try CorpusReader(
            paths: paths ?? self.paths, format: corpusFormat(), fields: fieldMapping, exclude: exclude,
            usesIgnoreFiles: usesIgnoreFiles, onBadInput: onBadInput)
    }

    /// The documents of the corpus, as `reader` finds them.
    public func documents(
        paths: [String]? = nil, onBadInput: BadInputPolicy = .skip
    ) throws -> DocumentIterator {
        try reader(paths: paths, onBadInput: onBadInput).makeIterator()
    }

    private func corpusFormat() throws -> CorpusFormat? {
        guard let format else { return nil }
        guard let known = CorpusFormat(rawValue: format) else {
            throw TrawlError(
                .invalidInput, "unknown corpus format \"\(format)\"",
                remedy: "the formats are \(Self.formats.joined(separator: ", "))")
        }
        return known
    }

    /// The default field names, with the recipe's own in front.
    private var fieldMapping: FieldMapping {
        var mapping = FieldMapping.default
        if let id = fields["id"] { mapping.id.insert(id, at: 0) }
        if let title = fields["title"] { mapping.title.insert(title, at: 0) }
        if let text = fields["text"] { mapping.text.insert(text, at: 0) }
        return mapping
    }
}
