import Glibc
import TrawlCore

/// The answers in a part of a run's file, read in one pass without allocations per line.
struct RunChunk: Sendable {
    /// Lines of one query in a row.
    struct Group: Sendable {
        let query: Range<Int>
        let firstRow: Int
    }

    /// What is wrong with a line.
    struct Failure: Sendable {
        enum Reason: Sendable {
            case columns(Int)
            case score(Range<Int>)
            case rank
            case encoding
        }
        let position: Int
        let reason: Reason
    }

    /// TREC runs have 6 columns, MS MARCO's 3.
    enum Format: Int, Sendable {
        case trec = 6
        case ranks = 3
    }

    /// How many answers were read.
    private(set) var count = 0
    private(set) var groups: [Group] = []
    private(set) var failure: Failure?
    private(set) var infiniteScores = 0
    /// Groups in which a worse rank has a higher score.
    private(set) var disorderedGroups = 0
    private(set) var holdsBlanks = false

    private var isDisordered = false
    private var lastRank = 0
    private var lastScore = 0.0

    /// Reads the lines of `bytes` that begin in `part`, up to the first that is wrong.
    ///
    /// - Parameter rows: Memory for as many answers as there are lines; the first `count` are initialised.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, _ format: Format,
        into rows: UnsafeMutableBufferPointer<Run.Row>
    ) {
        guard let base = bytes.baseAddress, !part.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: 8) { fields in
            var position = part.lowerBound
            while position < part.upperBound, failure == nil {
                let lineEnd =
                    memchr(base + position, 0x0A, part.upperBound - position)
                    .map { base.distance(to: $0.assumingMemoryBound(to: UInt8.self)) } ?? part.upperBound
                var end = lineEnd
                while end > position, ColumnFile.isBlank(bytes[end - 1]) { end -= 1 }
                if end > position { readLine(bytes, position..<end, format, fields, rows) }
                position = lineEnd + 1
            }
        }
        if isDisordered { disorderedGroups += 1 }
    }

    private mutating func readLine(
        _ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, _ format: Format,
        _ fields: UnsafeMutableBufferPointer<Range<Int>>, _ rows: UnsafeMutableBufferPointer<Run.Row>
    ) {
        var (columns, isPlain) = Self.splitAtBlanks(bytes, line, format, fields)
        if columns < 0 {
            columns = Self.splitAtTabs(bytes, line, fields)
            isPlain = false
        }
        guard columns == format.rawValue else {
            failure = Failure(position: line.lowerBound, reason: .columns(columns))
            return
        }
        let document = fields[format == .trec ? 2 : 1]
        if !isPlain, !checkName(bytes, document) {
            failure = Failure(position: line.lowerBound, reason: .encoding)
            return
        }
        let isSameQuery =
            groups.last.map {
                UnsafeBufferPointer(rebasing: bytes[$0.query])
                    .hasSameBytes(as: UnsafeBufferPointer(rebasing: bytes[fields[0]]))
            } ?? false
        let last = isSameQuery ? lastScore : nil
        let score: Double
        switch format {
        case .trec:
            guard let number = NumberReader.double(.init(rebasing: bytes[fields[4]])) else {
                failure = Failure(position: line.lowerBound, reason: .score(fields[4]))
                return
            }
            score = number
            if number.isInfinite { infiniteScores += 1 }
            let rank = NumberReader.whole(.init(rebasing: bytes[fields[3]])) ?? 0
            if !isSameQuery, isDisordered {
                disorderedGroups += 1
                isDisordered = false
            }
            if let last, rank > lastRank && score > last || rank < lastRank && score < last { isDisordered = true }
            lastRank = rank
        case .ranks:
            // Only ranks that count up from 1 can be told from scores.
            let expected = 1 - (last ?? 0)
            guard let rank = NumberReader.whole(.init(rebasing: bytes[fields[2]])), Double(rank) == expected else {
                failure = Failure(position: line.lowerBound, reason: .rank)
                return
            }
            score = -Double(rank)
        }
        if !isSameQuery { groups.append(Group(query: fields[0], firstRow: count)) }
        rows.initializeElement(
            at: count,
            to: Run.Row(
                start: document.lowerBound, score: score, length: UInt32(document.count),
                hash: NameTable.hash(.init(rebasing: bytes[document]))))
        count += 1
        lastScore = score
    }

    /// How many lines begin in `part`.
    static func lines(_ bytes: UnsafeBufferPointer<UInt8>, _ part: Range<Int>) -> Int {
        guard let base = bytes.baseAddress, !part.isEmpty else { return 0 }
        var (count, position) = (0, part.lowerBound)
        while position < part.upperBound {
            count += 1
            guard let end = memchr(base + position, 0x0A, part.upperBound - position) else { break }
            position = base.distance(to: end.assumingMemoryBound(to: UInt8.self)) + 1
        }
        return count
    }

    /// Splits at runs of blanks.
    ///
    /// - Returns: the number of fields, of which the first eight are given, and whether all bytes are ASCII without
    ///   control characters; -1 for a line that has as many tabs as the format has gaps, at which it is to be split.
    @inline(__always)
    private static func splitAtBlanks(
        _ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, _ format: Format,
        _ fields: UnsafeMutableBufferPointer<Range<Int>>
    ) -> (count: Int, isPlain: Bool) {
        var (count, tabs, start) = (0, 0, line.lowerBound)
        var isPlain = true
        var position = line.lowerBound
        while position < line.upperBound {
            let byte = bytes[position]
            if byte > 0x20 {
                if byte >= 0x7F { isPlain = false }
            } else if ColumnFile.isBlank(byte) {
                if start < position {
                    if count < 8 { fields[count] = start..<position }
                    count += 1
                }
                start = position + 1
                if byte == 0x09 { tabs += 1 }
            } else {
                isPlain = false
            }
            position += 1
        }
        if tabs == format.rawValue - 1 { return (-1, false) }
        if start < line.upperBound {
            if count < 8 { fields[count] = start..<line.upperBound }
            count += 1
        }
        return (count, isPlain)
    }

    private static func splitAtTabs(
        _ bytes: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, _ fields: UnsafeMutableBufferPointer<Range<Int>>
    ) -> Int {
        var (count, start) = (0, line.lowerBound)
        for position in line where bytes[position] == 0x09 {
            fields[count] = ColumnFile.trimmed(start..<position, bytes)
            count += 1
            start = position + 1
        }
        fields[count] = ColumnFile.trimmed(start..<line.upperBound, bytes)
        return count + 1
    }

    /// Whether the name is UTF-8; remembers white space in it.
    private mutating func checkName(_ bytes: UnsafeBufferPointer<UInt8>, _ name: Range<Int>) -> Bool {
        let name = UnsafeBufferPointer(rebasing: bytes[name])
        guard !name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return true }
        guard let text = String(validating: name, as: UTF8.self) else { return false }
        if RunColumn.needsEncoding(text) { holdsBlanks = true }
        return true
    }
}
