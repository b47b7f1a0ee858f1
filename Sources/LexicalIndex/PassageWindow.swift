/// Some neighbouring passages of a segment.
struct PassageWindow {
    /// The most passages of a window.
    static let capacity = 8192

    let start: UInt32
    let end: UInt32
    /// The lengths of the passages.
    let lengths: UnsafePointer<UInt32>

    var count: Int { Int(end - start) }

    @inline(__always)
    func length(of passage: UInt32) -> UInt32 { lengths[Int(passage - start)] }
}

/// The scores of one term in passages of a window, in their order.
struct TermScores: ~Copyable {
    let offsets: UnsafeMutablePointer<UInt32>
    private let scores: UnsafeMutablePointer<Float>
    private(set) var count = 0
    private var next = 0

    /// - Parameter capacity: the most passages of a window that have the term.
    init(capacity: Int) {
        offsets = .allocate(capacity: max(1, capacity))
        scores = .allocate(capacity: max(1, capacity))
    }

    deinit {
        offsets.deallocate()
        scores.deallocate()
    }

    mutating func removeAll() { (count, next) = (0, 0) }

    @inline(__always)
    mutating func append(_ offset: UInt32, _ score: Float) {
        offsets[count] = offset
        scores[count] = score
        count += 1
    }

    /// The score at `offset`, 0 if there is none; offsets that are asked for ascend.
    mutating func score(at offset: UInt32) -> Float {
        while next < count, offsets[next] < offset { next += 1 }
        return next < count && offsets[next] == offset ? scores[next] : 0
    }
}
