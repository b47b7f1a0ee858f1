import TrawlStore

/// The layout of a segment's documents and passages.
///
/// Blob `text` holds, for each document, its id, title, metadata (JSON) and text one after the other, in UTF-8. Passages
/// are ranges of a document's text, so overlapping ones cost nothing:
///
/// ```
/// documents: offset u64 | id u32 | title u32 | metadata u32 | text u32 (bytes) | first passage u32 | file u32
/// passages:  document u32 | start u32 | end u32 (bytes of its text) | number within the document u32
/// headings:  document u32 | level u32 | start u32 | end u32 (bytes of its text), in this order; missing where there are none
/// positions: position in the whole corpus u64, see `ShardRecord`; missing in an index that is not a shard
/// table ids: document id -> number of the document in the segment
/// ```
enum DocumentTables {
    static let text = BlobKind(number: 1, "document text")
    static let documents = BlobKind(number: 2, "documents")
    static let passages = BlobKind(number: 3, "passages")
    static let headings = BlobKind(number: 4, "headings")
    static let positions = BlobKind(number: 5, "positions")
    static let ids = Table<UInt32>(number: 1, name: "ids")
}

struct DocumentRecord: BitwiseCopyable {
    var offset: UInt64
    var idBytes: UInt32
    var titleBytes: UInt32
    var metadataBytes: UInt32
    var textBytes: UInt32
    var firstPassage: UInt32
    /// The number of the file that the document came from, in `CorpusFileTable`; 0 when it is not known.
    var file: UInt32
}

struct PassageRecord: BitwiseCopyable {
    var document: UInt32
    var start: UInt32
    var end: UInt32
    var ordinal: UInt32
}

struct HeadingRecord: BitwiseCopyable {
    var document: UInt32
    var level: UInt32
    var start: UInt32
    var end: UInt32
}
