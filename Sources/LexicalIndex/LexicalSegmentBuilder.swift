public import TrawlCore
public import TrawlStore

/// Collects the postings of one segment and writes them.
///
/// Memory: about four bytes for every distinct term of every passage until `finish`, which takes at most 128 MiB more.
public final class LexicalSegmentBuilder {
    private let analyzer: Analyzer
    private var terms = TermTable()
    private var passageFrequencies: [UInt32] = []
    private var lengths: [UInt32] = []
    /// For every passage the number of its distinct terms and, for each, its number and frequency; variable-byte.
    private var stream: [UInt8] = []
    /// How often each term occurs in the passage at hand.
    private var counts: [UInt32] = []
    private var touched: [Int] = []

    /// - Throws: `unsupported` for a stemmer that libstemmer does not have.
    public init(_ settings: AnalyzerSettings) throws(TrawlError) {
        analyzer = try Analyzer(settings)
    }

    public var passageCount: Int { lengths.count }

    /// Adds the next passage.
    public func add(passageText text: String) {
        var length: UInt32 = 0
        touched.removeAll(keepingCapacity: true)
        analyzer.forEachTerm(of: text) { bytes, _ in
            let term = terms.insert(bytes)
            if term == counts.count {
                counts.append(0)
                passageFrequencies.append(0)
            }
            if counts[term] == 0 { touched.append(term) }
            counts[term] += 1
            length += 1
        }
        VariableByte.append(UInt32(touched.count), to: &stream)
        for term in touched {
            VariableByte.append(UInt32(term), to: &stream)
            VariableByte.append(counts[term], to: &stream)
            passageFrequencies[term] += 1
            counts[term] = 0
        }
        lengths.append(length)
    }

    /// Writes everything into `writer`.
    public func finish(into writer: SegmentWriter) throws {
        let lengthBlob = writer.blob(LexicalSegment.lengths, recordSize: 4)
        try lengthBlob.append(contentsOf: lengths)
        try lengthBlob.finish()
        let terms = TermWriter(writer)
        try forEachTerm { term, list in try terms.append(Array(term), &list) }
        try terms.finish()
        try writer.put(LexicalSegment.totals, LexicalSegment.totalsKey, totals)
    }

    var totals: TotalsRecord {
        TotalsRecord(
            tokenCount: lengths.reduce(0) { $0 + UInt64($1) }, passageCount: UInt32(lengths.count),
            termCount: UInt32(terms.count))
    }

    func length(_ passage: Int) -> UInt32 { lengths[passage] }

    /// Calls `body` with every term in the order of their bytes and its postings.
    ///
    /// - Parameter packs: false for the encoding of stores before format 3.
    func forEachTerm(
        packs: Bool = true, _ body: (_ term: ArraySlice<UInt8>, _ postings: inout PostingEncoder) throws -> Void
    ) throws {
        let order = terms.sorted()
        var list = PostingEncoder(packs: packs)
        var first = 0
        while first < order.count {
            // As many terms at a time as fit into the memory promised.
            var (last, budget) = (first, 16 << 20)
            while last < order.count, last == first || budget >= Int(passageFrequencies[order[last]]) {
                budget -= Int(passageFrequencies[order[last]])
                last += 1
            }
            let group = PostingGroup(order[first..<last], passageFrequencies, stream, passageCount: lengths.count)
            for (position, term) in order[first..<last].enumerated() {
                list.start()
                group.forEachPosting(position) { list.append($0, $1, length: lengths[Int($0)]) }
                try body(terms.term(term), &list)
            }
            first = last
        }
    }
}

/// The postings of some terms, sorted out of the builder's stream by counting.
private struct PostingGroup {
    /// Where the postings of the term at a position start; one more entry than terms.
    private var starts: [Int] = [0]
    private var passages: [UInt32]
    private var frequencies: [UInt32]

    init(_ terms: ArraySlice<Int>, _ passageFrequencies: [UInt32], _ stream: [UInt8], passageCount: Int) {
        var positions = [Int32](repeating: -1, count: passageFrequencies.count)
        for (position, term) in terms.enumerated() {
            positions[term] = Int32(position)
            starts.append(starts[position] + Int(passageFrequencies[term]))
        }
        var next = starts
        let total = starts.last ?? 0
        passages = [UInt32](repeating: 0, count: total)
        frequencies = passages
        stream.withUnsafeBufferPointer { stream in
            var offset = 0
            for passage in 0..<UInt32(passageCount) {
                for _ in 0..<VariableByte.read(stream, &offset) {
                    let term = Int(VariableByte.read(stream, &offset))
                    let frequency = VariableByte.read(stream, &offset)
                    let position = Int(positions[term])
                    guard position >= 0 else { continue }
                    passages[next[position]] = passage
                    frequencies[next[position]] = frequency
                    next[position] += 1
                }
            }
        }
    }

    func forEachPosting(_ position: Int, _ body: (_ passage: UInt32, _ frequency: UInt32) -> Void) {
        for index in starts[position]..<starts[position + 1] { body(passages[index], frequencies[index]) }
    }
}
