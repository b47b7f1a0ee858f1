internal import TrawlCore

/// What is stored under one key of a segment, as it is written: for tests that damage indexes below their checksums.
package struct StoredValue {
    /// The number of its table, or of its kind of blob.
    package let number: UInt16
    package var bytes: [UInt8]
    let segment: UInt32
    /// The record's key; nil for a blob.
    let key: [UInt8]?
    /// The size of a blob's records.
    let recordSize: Int
}

extension SegmentReader {
    /// All records and blobs of the segment.
    package func storedValues() throws -> [StoredValue] {
        var values: [StoredValue] = []
        let prefix = bigEndian(info.number)
        try snapshot.scan(snapshot.records, prefix: prefix) { key, value in
            guard key.count >= 6 else { throw damaged("a key is cut") }
            values.append(
                StoredValue(
                    number: UInt16(key[4]) << 8 | UInt16(key[5]), bytes: Array(value), segment: info.number,
                    key: Array(key[6...]), recordSize: 0))
            return true
        }
        for (number, _) in try blobSizes() {
            let kind = BlobKind(number: number, "blob \(number)")
            guard let size = try blobDescriptor(kind).map({ Int($0.recordSize) }) else { continue }
            let blob = try blob(kind, recordSize: size)
            values.append(
                StoredValue(
                    number: number, bytes: try blob.bytes(in: 0..<blob.byteCount), segment: info.number, key: nil,
                    recordSize: size))
        }
        return values
    }
}

extension WriteSession {
    /// Writes records and blobs under the numbers of the segments that they come from, for `commit` to list. What of a blob is
    /// not a whole record is left out.
    package func putStored(_ values: [StoredValue]) throws {
        for value in values {
            if let key = value.key {
                try putRecord(segment: value.segment, table: value.number, key: key, value: value.bytes)
            } else {
                let blob = BlobWriter(
                    self, segment: value.segment, kind: BlobKind(number: value.number, "blob"),
                    recordSize: value.recordSize)
                let whole = value.bytes.count / value.recordSize * value.recordSize
                try blob.append(contentsOf: Array(value.bytes.prefix(whole)))
                try blob.finish()
            }
        }
    }
}
