/// A piece of the text while it is normalised: its bytes now and, for each, the original bytes that it stands for.
///
/// Follows the alignment rules of the `tokenizers` package, where a change of the text is a list of (scalar, change):
/// 0 replaces the next scalar, 1 inserts one that stands for what the one before stands for, and -n replaces the next
/// scalar and drops n more.
struct AlignedText {
    private(set) var bytes: [UInt8] = []
    /// Original byte ranges, a pair for each of `bytes`; empty while the text is as it was or nobody asks for offsets.
    private(set) var spans: [Span] = []
    /// Where the piece starts in the original text.
    private(set) var base = 0
    private(set) var isTracking = false
    private var isAligned = false
    private var oldBytes: [UInt8] = []
    private var oldSpans: [Span] = []

    struct Span: Hashable {
        var start: UInt32
        var end: UInt32
    }

    struct Change {
        var scalar: UInt32
        var change: Int32
    }

    mutating func load(_ text: UnsafeBufferPointer<UInt8>, base: Int, isTracking: Bool) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: text)
        spans.removeAll(keepingCapacity: true)
        self.base = base
        self.isTracking = isTracking
        isAligned = false
    }

    /// The original range of the bytes `start..<end`, which are not empty, in whole scalars.
    @inline(__always)
    func original(_ start: Int, _ end: Int) -> Range<Int> {
        if isAligned {
            let lower = Int(spans[start].start)
            return lower..<max(lower, Int(spans[end - 1].end))
        }
        var lower = start
        var upper = end
        while lower > 0, bytes[lower] & 0xC0 == 0x80 { lower -= 1 }
        while upper < bytes.count, bytes[upper] & 0xC0 == 0x80 { upper += 1 }
        return (base + lower)..<(base + upper)
    }

    /// Rewrites the text: `body` reads the old text and writes the new one.
    mutating func rewrite(_ body: (UnsafeBufferPointer<UInt8>, inout Writer) -> Void) {
        align()
        swap(&bytes, &oldBytes)
        swap(&spans, &oldSpans)
        var writer = Writer(bytes: [], spans: [], isTracking: isTracking)
        swap(&writer.bytes, &bytes)
        swap(&writer.spans, &spans)
        writer.bytes.removeAll(keepingCapacity: true)
        writer.spans.removeAll(keepingCapacity: true)
        writer.bytes.reserveCapacity(oldBytes.count + 16)
        let base = UInt32(truncatingIfNeeded: self.base)
        oldBytes.withUnsafeBufferPointer { old in
            oldSpans.withUnsafeBufferPointer { spans in
                writer.old = spans
                writer.first = Span(start: base, end: base)
                body(old, &writer)
            }
        }
        writer.old = UnsafeBufferPointer(start: nil, count: 0)
        swap(&writer.bytes, &bytes)
        swap(&writer.spans, &spans)
    }

    /// Makes the alignment explicit before the first change.
    private mutating func align() {
        guard isTracking, !isAligned else { return }
        isAligned = true
        spans.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let width = min(UTF8Text.width(bytes[position]), bytes.count - position)
            let start = UInt32(truncatingIfNeeded: base + position)
            for _ in 0..<width { spans.append(Span(start: start, end: start &+ UInt32(width))) }
            position += width
        }
    }

    /// Applies a change to the whole text after dropping the first `dropped` scalars.
    mutating func transform(_ changes: [Change], dropping dropped: Int = 0) {
        rewrite { old, writer in
            var source = 0
            func skip(_ count: Int) {
                for _ in 0..<count where source < old.count { source += UTF8Text.width(old[source]) }
            }
            skip(dropped)
            for change in changes {
                if change.change > 0 {
                    writer.append(change.scalar, after: source)
                } else {
                    writer.append(change.scalar, at: source)
                    skip(1 - Int(change.change))
                }
            }
        }
    }

    /// Writes a new text whose bytes point into the old one.
    struct Writer {
        fileprivate(set) var bytes: [UInt8]
        fileprivate var spans: [Span]
        fileprivate var old = UnsafeBufferPointer<Span>(start: nil, count: 0)
        fileprivate var first = Span(start: 0, end: 0)
        let isTracking: Bool

        fileprivate init(bytes: [UInt8], spans: [Span], isTracking: Bool) {
            self.bytes = bytes
            self.spans = spans
            self.isTracking = isTracking
        }

        /// The number of bytes written.
        var count: Int { bytes.count }

        @inline(__always)
        private mutating func add(_ scalar: UInt32, _ index: Int) {
            let before = bytes.count
            UTF8Text.append(scalar, to: &bytes)
            guard isTracking else { return }
            let span = old.isEmpty || index < 0 ? first : old[min(index, old.count - 1)]
            for _ in before..<bytes.count { spans.append(span) }
        }

        /// A scalar in place of the old byte at `position`.
        @inline(__always)
        mutating func append(_ scalar: UInt32, at position: Int) { add(scalar, position) }

        /// A scalar inserted after all old bytes before `position`.
        @inline(__always)
        mutating func append(_ scalar: UInt32, after position: Int) { add(scalar, position - 1) }

        /// The old bytes of `range` as they are.
        @inline(__always)
        mutating func copy(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[range]))
            if isTracking { spans.append(contentsOf: UnsafeBufferPointer(rebasing: old[range])) }
        }
    }
}
