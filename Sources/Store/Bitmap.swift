internal import TrawlCore

/// A set of numbers below a bound, in memory: what deletions are collected in.
public struct BitSet: Hashable, Sendable {
    /// Every member is below this.
    public let bound: Int
    /// Bit `n % 64` of word `n / 64` stands for `n`; bits from `bound` on are 0.
    public private(set) var words: [UInt64]

    public init(bound: Int) {
        self.bound = bound
        words = [UInt64](repeating: 0, count: (bound + 63) / 64)
    }

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// - Precondition: `member` is below the bound.
    public func contains(_ member: Int) -> Bool { words[member >> 6] >> UInt64(member & 63) & 1 == 1 }

    /// Which of the 64 numbers from `first` on are members, the first as the least bit; those from the bound on are not.
    public func word(from first: Int) -> UInt64 {
        let (index, shift) = (first >> 6, UInt64(first & 63))
        var word = index < words.count ? words[index] >> shift : 0
        if shift > 0, index + 1 < words.count { word |= words[index + 1] << (64 - shift) }
        return word
    }

    /// Answers false when it was in already.
    ///
    /// - Precondition: `member` is below the bound.
    @discardableResult
    public mutating func insert(_ member: Int) -> Bool {
        precondition(member >= 0 && member < bound)
        let bit: UInt64 = 1 << UInt64(member & 63)
        defer { words[member >> 6] |= bit }
        return words[member >> 6] & bit == 0
    }

    /// The numbers below the bound that are not in the set, as ascending runs.
    public var complement: [Range<UInt32>] {
        var runs: [Range<UInt32>] = []
        var start: Int?
        for number in 0...bound {
            let isOut = number < bound && !contains(number)
            if isOut, start == nil { start = number }
            if !isOut, let first = start {
                runs.append(UInt32(first)..<UInt32(number))
                start = nil
            }
        }
        return runs
    }
}

/// A set of numbers below a bound, read in place: u64 words, least bit first.
public struct Bitmap: @unchecked Sendable {
    // @unchecked: the addresses lead into the read-only map that `blob` keeps open.
    public let bound: Int
    @usableFromInline let chunks: UnsafeBufferPointer<UnsafeRawPointer>
    private let blob: Blob

    static let wordBytes = 8
    /// A chunk has 2^20 bytes, hence 2^23 bits.
    @usableFromInline static let chunkShift = 23

    init(_ blob: Blob, bound: Int, of segment: SegmentReader) throws {
        guard blob.byteCount == (bound + 63) / 64 * Self.wordBytes else {
            throw segment.damaged("a bitmap has \(blob.byteCount) bytes for \(bound) bits")
        }
        self.bound = bound
        self.blob = blob
        chunks = blob.chunks
    }

    /// - Precondition: `member` is below the bound.
    @inlinable
    public func contains(_ member: Int) -> Bool {
        precondition(member >= 0 && member < bound)
        let word = chunks[member &>> Self.chunkShift].load(
            fromByteOffset: ((member & (1 &<< Self.chunkShift &- 1)) &>> 6) &<< 3, as: UInt64.self)
        return word &>> UInt64(truncatingIfNeeded: member & 63) & 1 == 1
    }

    /// Which of the numbers from 64 `index` on are members, the first as the least bit.
    public func word(_ index: Int) -> UInt64 { blob.load(index, as: UInt64.self) }

    /// A copy to change.
    public func bitSet() -> BitSet {
        var set = BitSet(bound: bound)
        forEachMember { set.insert($0) }
        return set
    }

    /// Calls `body` with the members in ascending order.
    public func forEachMember(_ body: (Int) throws -> Void) rethrows {
        for word in 0..<(bound + 63) / 64 {
            var rest = blob.load(word, as: UInt64.self)
            while rest != 0 {
                let member = word << 6 + rest.trailingZeroBitCount
                if member < bound { try body(member) }
                rest &= rest - 1
            }
        }
    }

    /// The members; unlike that of `bitSet()`, bits beyond the bound count.
    var populationCount: Int {
        (0..<(bound + 63) / 64).reduce(0) { $0 + blob.load($1, as: UInt64.self).nonzeroBitCount }
    }
}
