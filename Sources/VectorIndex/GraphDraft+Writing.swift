import TrawlCore
import TrawlStore

extension GraphDraft {
    func write(into writer: SegmentWriter) throws {
        try writer.putCentre(space.centre)
        let codeBytes = NibbleCodes.recordBytes(codeDimension: space.codeDimension)
        try write(codes, recordSize: codeBytes, to: writer.blob(VectorSegment.nibbles, recordSize: codeBytes))
        try write(
            links, recordSize: 4 * settings.degree,
            to: writer.blob(VectorSegment.links, recordSize: 4 * settings.degree))
        try writer.put(
            VectorSegment.graph, VectorSegment.onlyKey,
            GraphShape(rowCount: UInt64(count), degree: UInt32(settings.degree), entry: entry, lift: space.lift))
    }

    private func write(_ start: UnsafeRawPointer, recordSize: Int, to blob: BlobWriter) throws {
        let lot = max(1, (1 << 20) / recordSize)
        for first in stride(from: 0, to: count, by: lot) {
            let records = min(lot, count - first)
            try blob.append(UnsafeRawBufferPointer(start: start + first * recordSize, count: records * recordSize))
        }
        try blob.finish()
    }
}
