public import TrawlCore
public import TrawlStore

/// The documents themselves, with their passages: the part that every index has and the others are checked against.
public struct DocumentsPart: IndexPart {
    public let name = "documents"
    public let buildName: String? = nil
    public let storage: ClosedRange<UInt16> = 1...9

    public init() {}

    public func makeBuilder(_ recipe: IndexRecipe, _ context: BuildContext) throws -> any PartBuilder {
        Builder(storesPositions: context.shard != nil)
    }

    private struct Builder: PartBuilder {
        let storesPositions: Bool

        func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
            progress.begin("storing documents", total: draft.entries.count, unit: "documents")
            try DocumentSegmentBuilder.write(draft, storesPositions: storesPositions, into: writer)
            progress.advance(draft.entries.count)
            progress.end()
        }
    }

    public func merge(
        _ slices: [MergeSlice], _ recipe: IndexRecipe, into writer: SegmentWriter, progress: any ProgressReporter
    ) throws {
        progress.begin("copying documents", total: slices.reduce(0) { $0 + $1.documentCount }, unit: "documents")
        defer { progress.end() }
        let segments = try slices.map { try DocumentSegment($0.reader) }
        let builder = DocumentSegmentBuilder(
            into: writer, storesPositions: segments.allSatisfy { $0.positions != nil })
        for (slice, segment) in zip(slices, segments) {
            for run in slice.documents {
                for document in run { try builder.add(document, of: segment) }
                progress.advance(run.count)
            }
        }
        try builder.finish()
    }

    public func open(_ index: SearchIndex) throws -> StoredDocuments { try StoredDocuments(index.snapshot) }

    public func check(_ index: SearchIndex, _ context: CheckContext) throws -> String? {
        let documents = index.documents
        func failure(_ message: String) -> TrawlError {
            TrawlError(.corrupted, message, path: index.path, remedy: "build the index again")
        }
        var passages = 0
        var number: UInt32 = 0
        for segment in documents.segments {
            guard index.shard == nil || segment.positions != nil else {
                throw failure("segment \(segment.reader.info.number) has lost the positions of its documents")
            }
            for local in 0..<segment.reader.info.documentCount {
                let document = try segment.document(local)
                guard try segment.reader.record(DocumentTables.ids, document.id.rawValue.utf8) == local,
                    try documents.documentID(number) == document.id
                else { throw failure("the id \"\(document.id)\" does not lead to its document") }
                if let shard = index.shard?.shard, !shard.contains(document.id) {
                    throw failure("the document \"\(document.id)\" does not belong to shard \(shard)")
                }
                for range in document.passages {
                    guard isBoundary(range.lowerBound, document.text), isBoundary(range.upperBound, document.text)
                    else { throw failure("a passage of \"\(document.id)\" cuts a character") }
                }
                passages += document.passages.count
                number += 1
                context.progress.advance(1)
                guard !segment.isDead(document: local) else { continue }
                // An id may have been used again; then only its last document is live.
                guard let found = try documents.position(of: document.id), found.document == local,
                    documents.segments[found.segment].reader.info.number == segment.reader.info.number
                else { throw failure("the id \"\(document.id)\" has two live documents") }
            }
        }
        let expected = documents.passageCount + documents.deletedPassageCount
        guard passages == expected else {
            throw failure("documents have \(passages) passages, the manifest counts \(expected)")
        }
        return "\(documents.documentCount) documents, \(documents.passageCount) passages"
            + (index.shard.map { ", all of shard \($0.shard)" } ?? "")
    }

    private func isBoundary(_ offset: Int, _ text: String) -> Bool {
        let bytes = text.utf8
        guard offset < bytes.count else { return offset == bytes.count }
        return bytes[bytes.index(bytes.startIndex, offsetBy: offset)] & 0xC0 != 0x80
    }
}
