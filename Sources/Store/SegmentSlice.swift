/// Some passages of a segment, in order: what a merge takes from it.
public struct SegmentSlice: Sendable {
    public let reader: SegmentReader
    /// Ascending runs of passage numbers in the segment.
    public let passages: [Range<UInt32>]

    public init(_ reader: SegmentReader, passages: [Range<UInt32>]) {
        self.reader = reader
        self.passages = passages
    }

    public var passageCount: Int { passages.reduce(0) { $0 + $1.count } }

    /// For every passage of the segment its number after a merge in which the slice's first passage gets the number
    /// `base`; `UInt32.max` for those that are left out.
    public func renumbering(from base: UInt32) -> [UInt32] {
        var numbers = [UInt32](repeating: .max, count: Int(reader.info.passageCount))
        var next = base
        for run in passages {
            for passage in run {
                numbers[Int(passage)] = next
                next += 1
            }
        }
        return numbers
    }
}
