public import TrawlCore

/// The documents and passages that a search finds: those of an open index, or of shards.
public protocol SearchedDocuments: Sendable {
    /// Those that are not deleted.
    var documentCount: Int { get }
    var passageCount: Int { get }

    /// The passage `id`.
    func passage(_ id: PassageID) throws -> StoredPassage
    /// The number of the document that passage `id` is part of.
    func documentNumber(of id: PassageID) throws -> UInt32
    /// The id of document `number`.
    func documentID(_ number: UInt32) throws -> DocumentID
    /// The passages of the document called `id`; none when there is no such document.
    func passages(of id: DocumentID) throws -> [PassageID]
    /// The range of passage `id` in its document's text.
    func range(of id: PassageID) throws -> TextRange
    /// The length of the text of passage `id`, in bytes of UTF-8.
    func byteCount(of id: PassageID) throws -> Int
    /// The metadata of the document that passage `id` is part of.
    func metadata(of id: PassageID) throws -> DocumentMetadata

    /// Says that these passages will be read, so that those that are elsewhere are fetched together.
    func prepare(_ passages: [PassageID]) throws

    /// What retrievers found for a batch of queries (by retriever, then by query) with passages numbered in the order of the
    /// corpus, by which ties are broken. In an index they are; those of shards are known only after they were found.
    func numbered(_ found: [[Retrieved]]) throws -> [[Retrieved]]
}

extension SearchedDocuments {
    public func byteCount(of id: PassageID) throws -> Int { try passage(id).text.utf8.count }
}

extension StoredDocuments: SearchedDocuments {
    public func prepare(_ passages: [PassageID]) {}
    public func numbered(_ found: [[Retrieved]]) -> [[Retrieved]] { found }
}
