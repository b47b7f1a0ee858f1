import Core
import Corpus
import Foundation
import Store

/// Writes the documents of a segment; see `DocumentTables`.
enum DocumentSegmentBuilder {
    static func write(_ draft: SegmentDraft, into writer: SegmentWriter) throws {
        let text = writer.blob(DocumentTables.text, recordSize: 1)
        let documents = writer.blob(DocumentTables.documents, recordSize: MemoryLayout<DocumentRecord>.stride)
        let passages = writer.blob(DocumentTables.passages, recordSize: MemoryLayout<PassageRecord>.stride)
        var passageCount: UInt32 = 0
        for (number, entry) in draft.entries.enumerated() {
            let document = entry.document
            let metadata = try document.metadataJSON()
            let parts = [document.id.rawValue, document.title, metadata, document.text].map { Array($0.utf8) }
            guard parts.allSatisfy({ $0.count <= Int(UInt32.max) }) else {
                throw TrawlError(.invalidInput, "document \(document.id) is larger than 4 GiB")
            }
            try documents.append(
                DocumentRecord(
                    offset: UInt64(text.byteCount), idBytes: UInt32(parts[0].count), titleBytes: UInt32(parts[1].count),
                    metadataBytes: UInt32(parts[2].count), textBytes: UInt32(parts[3].count),
                    firstPassage: passageCount))
            for part in parts { try text.append(contentsOf: part) }
            for (ordinal, range) in entry.passages.enumerated() {
                try passages.append(
                    PassageRecord(
                        document: UInt32(number), start: UInt32(range.lowerBound), end: UInt32(range.upperBound),
                        ordinal: UInt32(ordinal)))
                passageCount += 1
            }
            try writer.put(DocumentTables.ids, document.id.rawValue.utf8, UInt32(number))
        }
        try text.finish()
        try documents.finish()
        try passages.finish()
    }
}

extension Document {
    /// The metadata as a JSON object, or an empty string when there is none.
    fileprivate func metadataJSON() throws -> String {
        guard !metadata.isEmpty else { return "" }
        let object = Dictionary(metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let bytes = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: bytes, as: UTF8.self)
    }
}
