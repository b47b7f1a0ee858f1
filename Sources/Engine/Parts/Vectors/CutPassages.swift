import TrawlCore
import TrawlStore

/// The passages of a segment that the embedding model did not read to their ends: their numbers (u32), ascending. Missing
/// where there are none, and in segments of earlier versions.
enum CutPassages {
    static let blob = BlobKind(number: 37, "cut passages")

    static func write(_ numbers: [UInt32], into writer: SegmentWriter) throws {
        if numbers.isEmpty { return }
        let numbersBlob = writer.blob(blob, recordSize: 4)
        try numbersBlob.append(contentsOf: numbers)
        try numbersBlob.finish()
    }

    /// Those of a segment, deleted ones included.
    ///
    /// - Throws: `TrawlError.corrupted` where they are not ascending numbers of passages.
    static func numbers(of segment: SegmentReader) throws -> [UInt32] {
        guard try segment.hasBlob(blob) else { return [] }
        let stored = try segment.blob(blob, recordSize: 4)
        let numbers = (0..<stored.recordCount).map { stored.load($0) as UInt32 }
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }),
            numbers.last.map({ $0 < segment.info.passageCount }) ?? true
        else {
            throw TrawlError(
                .corrupted, "segment \(segment.info.number): its cut passages are no ascending numbers of passages",
                path: segment.snapshot.path, remedy: "build the index again")
        }
        return numbers
    }

    /// How many passages of a snapshot were cut and are not deleted.
    static func count(in snapshot: Snapshot) throws -> Int {
        try snapshot.segments.reduce(0) { sum, segment in
            let numbers = try numbers(of: segment)
            if numbers.isEmpty { return sum }
            let dead = try DeletionSet(segment)?.passages
            return sum + numbers.count { !(dead?.contains(Int($0)) ?? false) }
        }
    }

    /// Writes those of a segment that is put together from slices.
    static func merge(_ slices: [SegmentSlice], into writer: SegmentWriter) throws {
        var merged: [UInt32] = []
        var base: UInt32 = 0
        for slice in slices {
            var rest = try numbers(of: slice.reader)[...]
            for run in slice.passages {
                rest = rest.drop { $0 < run.lowerBound }
                let within = rest.prefix { $0 < run.upperBound }
                merged += within.map { base + $0 - run.lowerBound }
                rest = rest.dropFirst(within.count)
                base += UInt32(run.count)
            }
        }
        try write(merged, into: writer)
    }
}
