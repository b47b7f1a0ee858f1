/// A table of small records of one type. The records of each segment are apart, so a table is named once in the program
/// and read through a `SegmentReader`.
///
/// A value is stored as its bytes in memory (little-endian on every machine that Trawl runs on), so `Value` must be a
/// struct of fixed-width integers and floats without padding between them.
public struct Table<Value: BitwiseCopyable & Sendable>: Sendable {
    /// The number that stands in the keys. Each owner has a range of its own: documents 1-9, lexical 10-19,
    /// substring 20-29, vectors 30-39, deletion sets 40-49 (under numbers of their own), late interaction 50-59.
    public let number: UInt16
    public let name: StaticString

    public init(number: UInt16, name: StaticString) {
        self.number = number
        self.name = name
    }
}

/// What a blob holds. Each owner has a range of its own, as with `Table`.
public struct BlobKind: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt16
    public let description: String

    public init(number: UInt16, _ description: String) {
        self.number = number
        self.description = description
    }
}
