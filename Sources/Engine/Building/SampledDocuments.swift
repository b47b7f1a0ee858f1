import TrawlCore
import TrawlCorpus

/// Documents of which the first were read ahead, and of which a shard takes its own.
final class SampledDocuments: DocumentSource {
    private let base: any DocumentSource
    private let shard: ShardNumber?
    private let keepsPositions: Bool
    /// Of all shards.
    private var ahead: ArraySlice<Document> = []
    private var given: UInt64 = 0

    /// - Parameters:
    ///   - shard: nil for all documents.
    ///   - keepsPositions: Whether documents that come from no corpus have their positions already.
    init(_ base: any DocumentSource, of shard: ShardNumber? = nil, keepsPositions: Bool = false) {
        self.base = base
        self.shard = shard
        self.keepsPositions = keepsPositions
    }

    var totalBytes: Int? { base.totalBytes }
    var bytesRead: Int { base.bytesRead }
    var warnings: [String] { base.warnings }
    var corpus: DocumentIterator? { base.corpus }

    func next() throws -> Document? {
        // The sample is over.
        if let shard, let corpus, corpus.takes == nil { corpus.takes = shard.contains }
        while let document = try ahead.popFirst() ?? read() {
            if shard?.contains(document.id) != false { return document }
        }
        return nil
    }

    /// The first documents, up to `count` of them or some `bytes` of text, which `next` gives afterwards if they belong to the
    /// shard.
    ///
    /// - Precondition: `next` was not called yet.
    func sample(count: Int, bytes: Int) throws -> [Document] {
        var size = ahead.reduce(0) { $0 + $1.text.utf8.count }
        while ahead.count < count, size < bytes, let document = try read() {
            ahead.append(document)
            size += document.text.utf8.count
        }
        return Array(ahead)
    }

    private func read() throws -> Document? {
        guard var document = try base.next() else { return nil }
        if corpus == nil, !keepsPositions { document.position = given }
        given += 1
        return document
    }
}
