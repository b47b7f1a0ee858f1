public import TrawlCore
public import TrawlCorpus

/// Documents whose identifiers are checked as they are read, so that an error names the line.
final class IdentifiedDocuments: DocumentSource {
    private let base: any DocumentSource
    private let identifiers: DocumentIdentifiers
    private let isAdding: Bool
    private var (read, identified) = (0, 0)

    init(_ base: any DocumentSource, _ identifiers: DocumentIdentifiers, isAdding: Bool) {
        self.base = base
        self.identifiers = identifiers
        self.isAdding = isAdding
    }

    var totalBytes: Int? { base.totalBytes }
    var corpus: DocumentIterator? { base.corpus }
    var bytesRead: Int { base.bytesRead }

    var warnings: [String] {
        guard identified == 0, read > 0, !isAdding else { return base.warnings }
        return base.warnings + ["no document has the field \"\(identifiers.field)\" of identifiers"]
    }

    func next() throws -> Document? {
        guard let document = try base.next() else { return nil }
        try identifiers.check(document)
        read += 1
        if identifiers.value(of: document) != nil { identified += 1 }
        return document
    }
}

/// Documents that get pseudo-queries as further identifiers: queries that they answer.
public final class PseudoQueryDocuments: DocumentSource {
    private let base: any DocumentSource
    private let identifiers: DocumentIdentifiers
    private let queries: [DocumentID: [String]]
    /// The documents that got theirs.
    private var answering: Set<DocumentID> = []

    /// - Parameter recipe: that of the index which is built or added to.
    /// - Throws: `TrawlError.invalidInput` when the index keeps no identifiers.
    public init(_ base: any DocumentSource, queries: [DocumentID: [String]], recipe: IndexRecipe) throws {
        guard let field = recipe.generative.identifiers, recipe.build.contains(SearchMode.generative.rawValue) else {
            throw TrawlError(
                .invalidInput, "the index keeps no pseudo-queries",
                remedy: "build it with a field of identifiers and with generative among its methods",
                topic: .pseudoQueries)
        }
        self.base = base
        self.queries = queries
        identifiers = DocumentIdentifiers(field: field)
    }

    public var totalBytes: Int? { base.totalBytes }
    public var corpus: DocumentIterator? { base.corpus }
    public var bytesRead: Int { base.bytesRead }

    public var warnings: [String] {
        let takes = corpus?.takes
        let missing = queries.keys.count { !answering.contains($0) && takes?($0) != false }
        guard missing > 0 else { return base.warnings }
        return base.warnings + ["documents of pseudo-queries that the corpus does not have: \(missing)"]
    }

    public func next() throws -> Document? {
        guard let document = try base.next() else { return nil }
        guard let added = queries[document.id] else { return document }
        answering.insert(document.id)
        return try identifiers.adding(added, to: document)
    }
}
