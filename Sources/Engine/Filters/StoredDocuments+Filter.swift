import TrawlCore
import TrawlCorpus
import TrawlStore
import TrawlVectorIndex

extension StoredDocuments {
    /// The passages of the live documents that meet all `conditions`.
    ///
    /// - Throws: `TrawlError.invalidInput` for a key that is compared and that no document has.
    /// - Complexity: O(documents); their text is not read.
    func passages(meeting conditions: [DocumentCondition]) throws -> PassageFilter {
        let (filter, missing) = try filter(conditions)
        if let field = missing.min() { throw Self.missing(field) }
        return filter
    }

    /// The passages of the live documents that meet all `conditions`, and the keys that are compared and that no document has;
    /// none where there are no documents.
    func filter(
        _ conditions: [DocumentCondition]
    ) throws -> (passages: PassageFilter, missingFields: Set<String>) {
        var members = BitSet(bound: segments.reduce(0) { $0 + Int($1.reader.info.passageCount) })
        let missing = try visitDocuments(meeting: conditions) { segment, document in
            for passage in try segment.passages(of: document) {
                members.insert(Int(segment.reader.passageBase + passage))
            }
            return true
        }
        return (PassageFilter(members), missing)
    }

    /// Calls `body` with each live document that meets all `conditions`, in the order of indexing, until it answers false.
    ///
    /// - Parameter first: the document before the first one; nil: from the beginning.
    /// - Throws: `TrawlError.invalidInput` for a key that is compared and that no document has, after the last document, if all
    ///   were visited.
    func forEachDocument(
        after first: DocumentID? = nil, meeting conditions: [DocumentCondition],
        _ body: (DocumentSegment, UInt32) throws -> Bool
    ) throws {
        let missing = try visitDocuments(after: first, meeting: conditions, body)
        if first == nil, let field = missing.min() { throw Self.missing(field) }
    }

    private func place(of id: DocumentID) throws -> (segment: Int, document: UInt32) {
        if let place = try position(of: id) { return place }
        throw TrawlError(
            .notFound, "no document \"\(id)\"", remedy: "name one that the index has", topic: .documents)
    }

    private static func missing(_ field: String) -> TrawlError {
        TrawlError(
            .invalidInput, "no document has the field '\(field)'",
            remedy: "name a field of the documents' metadata, id or title", topic: .metadata)
    }

    /// - Returns: the keys that are compared and that no document has, if all were visited.
    private func visitDocuments(
        after first: DocumentID? = nil, meeting conditions: [DocumentCondition],
        _ body: (DocumentSegment, UInt32) throws -> Bool
    ) throws -> Set<String> {
        var reader = MetadataReader(keys: conditions.reduce(into: []) { $0.formUnion($1.keys) })
        let start = try first.map(place)
        for (number, segment) in segments.enumerated() where number >= start?.segment ?? 0 {
            let begin = number == start?.segment ? (start?.document ?? 0) + 1 : 0
            for document in begin..<segment.reader.info.documentCount where !segment.isDead(document: document) {
                if !conditions.isEmpty {
                    try reader.read(document, of: segment)
                    guard conditions.allSatisfy({ $0.isMet(reader.values(of:)) }) else { continue }
                }
                guard try body(segment, document) else { return [] }
            }
        }
        let compared = conditions.reduce(into: Set<String>()) { $0.formUnion($1.comparedKeys) }
        return documentCount > 0 ? compared.subtracting(reader.found) : []
    }
}

/// Reads the values of some keys, of one document after another.
private struct MetadataReader {
    /// The keys that some document had.
    private(set) var found: Set<String> = []
    private let keys: [(name: String, bytes: [UInt8])]
    private var current: [String: [MetadataValue]] = [:]
    private var fields: [JSONField] = []

    /// The document's own, whatever its metadata have.
    private static let own: Set<String> = ["id", "title"]

    init(keys: Set<String>) {
        self.keys = keys.subtracting(Self.own).sorted().map { ($0, Array($0.utf8)) }
        found = keys.intersection(Self.own)
    }

    func values(of key: String) -> [MetadataValue] { current[key] ?? [] }

    mutating func read(_ document: UInt32, of segment: DocumentSegment) throws {
        current.removeAll(keepingCapacity: true)
        let record = try segment.record(document)
        let titleStart = Int(record.offset) + Int(record.idBytes)
        current["id"] = [MetadataValue(try segment.string(at: Int(record.offset), count: record.idBytes))]
        if record.titleBytes > 0 {
            current["title"] = [MetadataValue(try segment.string(at: titleStart, count: record.titleBytes))]
        }
        guard !keys.isEmpty, record.metadataBytes > 0 else { return }
        let start = titleStart + Int(record.titleBytes)
        let bytes = try segment.text.bytes(in: start..<start + Int(record.metadataBytes))
        do throws(JSONFault) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(JSONFault) in try read(bytes) }
        } catch {
            throw segment.damaged
        }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONFault) {
        var scanner = JSONScanner(bytes)
        try scanner.scanDocument(into: &fields)
        for field in fields {
            for key in keys {
                let isSame =
                    field.keyHasEscapes
                    ? try scanner.string(field.key, hasEscapes: true).utf8.elementsEqual(key.bytes)
                    : bytes[field.key].elementsEqual(key.bytes)
                guard isSame else { continue }
                current[key.name] = try DocumentMetadata.values(of: field, scanner)
                found.insert(key.name)
            }
        }
    }
}
