/// The key of a record: fixed-width, big-endian, so that LMDB's byte order is the order of the fields and everything of
/// a segment stands together.
///
/// ```
///  0        4       6
/// +--------+-------+----------------+
/// | segment| table | the record's key (at most 505 bytes)
/// +--------+-------+----------------+
/// ```
func recordKey(segment: UInt32, table: UInt16, key: [UInt8]) -> [UInt8] {
    bigEndian(segment) + bigEndian(table) + key
}

/// The key of a chunk of a blob; the chunk number `descriptorChunk` is the blob's descriptor.
///
/// ```
///  0        4      6       10
/// +--------+------+-------+
/// | segment| kind | chunk |
/// +--------+------+-------+
/// ```
func chunkKey(segment: UInt32, kind: UInt16, chunk: UInt32) -> [UInt8] {
    bigEndian(segment) + bigEndian(kind) + bigEndian(chunk)
}

let descriptorChunk = UInt32.max

/// The longest key of a record, in bytes: LMDB's limit of 511 less the prefix.
public let longestRecordKey = 505

func bigEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
