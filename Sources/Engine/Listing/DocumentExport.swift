import TrawlCore
import TrawlStore
import TrawlVectorIndex

/// Writes documents as JSON lines, from which the same documents can be indexed again: `id`, `title`, `text` and `metadata`.
///
/// With vectors a line also has the ranges of the passages and the vector of each, as they are stored. Indexed again, these
/// would be metadata.
public struct DocumentExport {
    private let documents: StoredDocuments
    private let conditions: [DocumentCondition]
    private let vectors: VectorSearcher?

    /// - Throws: `TrawlError.invalidInput` when vectors are asked of an index without any.
    public init(_ index: SearchIndex, meeting conditions: [DocumentCondition] = [], vectors: Bool = false) throws {
        documents = index.documents
        self.conditions = conditions
        self.vectors = vectors ? try index.open(VectorsPart()) : nil
    }

    /// Calls `body` with the line of each document, line feed included, in the order of indexing.
    ///
    /// - Returns: how many there were.
    /// - Throws: `TrawlError.invalidInput` for a key that the conditions compare and no document has.
    @discardableResult
    public func forEachLine(_ body: ([UInt8]) throws -> Void) throws -> Int {
        var count = 0
        try documents.forEachDocument(meeting: conditions) { segment, document in
            try body(try line(document, of: segment))
            count += 1
            return true
        }
        return count
    }

    private func line(_ number: UInt32, of segment: DocumentSegment) throws -> [UInt8] {
        let document = try segment.document(number)
        var line = Array(#"{"id":"#.utf8)
        line.appendJSONString(document.id.rawValue)
        line += Array(#","title":"#.utf8)
        line.appendJSONString(document.title)
        line += Array(#","text":"#.utf8)
        line.appendJSONString(document.text)
        // JSON in which numbers have the digits that they had in the input.
        line += Array(#","metadata":"#.utf8) + Array(document.metadata.json.utf8).withJSONControlsEscaped
        if let vectors {
            let ranges = TextRange.list(document.passages, in: document.text).map { range in
                #"{"start":\#(range.scalars.lowerBound),"end":\#(range.scalars.upperBound),"#
                    + #""byte_start":\#(range.bytes.lowerBound),"byte_end":\#(range.bytes.upperBound)}"#
            }
            let rows = try segment.passages(of: number).map { passage in
                let vector = try vectors.vector(of: PassageID(segment.reader.passageBase + passage))
                return "[" + vector.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ",") + "]"
            }
            line += Array(#","passages":[\#(ranges.joined(separator: ","))]"#.utf8)
            line += Array(#","vectors":[\#(rows.joined(separator: ","))]"#.utf8)
        }
        return line + Array("}\n".utf8)
    }
}
