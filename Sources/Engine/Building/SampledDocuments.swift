import TrawlCore
import TrawlCorpus

/// Documents of which the first were read ahead.
final class SampledDocuments: DocumentSource {
    private let base: any DocumentSource
    private var ahead: ArraySlice<Document> = []

    init(_ base: any DocumentSource) { self.base = base }

    var totalBytes: Int? { base.totalBytes }
    var bytesRead: Int { base.bytesRead }
    var warnings: [String] { base.warnings }
    var corpus: DocumentIterator? { base.corpus }

    func next() throws -> Document? {
        if let document = ahead.popFirst() { return document }
        return try base.next()
    }

    /// The first documents, up to `count` of them or some `bytes` of text, which `next` gives afterwards all the same.
    ///
    /// - Precondition: `next` was not called yet.
    func sample(count: Int, bytes: Int) throws -> [Document] {
        var size = ahead.reduce(0) { $0 + $1.text.utf8.count }
        while ahead.count < count, size < bytes, let document = try base.next() {
            ahead.append(document)
            size += document.text.utf8.count
        }
        return Array(ahead)
    }
}
