import Foundation
import TrawlCore
import TrawlStore

@testable import TrawlSubstringIndex

/// Times the substring index; `run.sh` gives the same work to sdsl-lite and libdivsufsort and compares.
///
///     SubstringSpeed build TOKENS LIMIT INDEX SEGMENTS     builds INDEX from the first LIMIT tokens
///     SubstringSpeed add TOKENS LIMIT INDEX                the same in two commits, the second of one passage in 100
///     SubstringSpeed query TOKENS LIMIT INDEX              times every operation
///     SubstringSpeed sort TOKENS LIMIT                     sorts suffixes alone
///     SubstringSpeed count INDEX TOKEN,TOKEN...            opens the index and counts one n-gram
///
/// Prints lines of a name, a tab and a value.
@main
enum SubstringSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.count > 2 ? arguments[1] : "" {
        case "build":
            try build(Text(arguments[2], limit: Int(arguments[3]) ?? 0), at: arguments[4], Int(arguments[5]) ?? 1)
        case "add": try add(Text(arguments[2], limit: Int(arguments[3]) ?? 0), at: arguments[4])
        case "sort": try sort(Text(arguments[2], limit: Int(arguments[3]) ?? 0))
        case "query": try query(Text(arguments[2], limit: Int(arguments[3]) ?? 0), at: arguments[4])
        case "count":
            let index = try SubstringIndex(Store.open(at: arguments[2]).snapshot())
            report("count", Double(index.count(of: arguments[3].split(separator: ",").compactMap { UInt32($0) })))
        default: throw TrawlError(.invalidInput, "build, add, sort, query or count; see the source")
        }
    }

    static func report(_ name: String, _ value: Double) { print("\(name)\t\(value)") }

    /// Seconds of processor time of this process, which other processes on the machine disturb least.
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The median of three runs of `body`, in seconds.
    static func median(_ body: () throws -> Void) rethrows -> Double {
        var times: [Double] = []
        for _ in 0..<3 {
            let start = seconds()
            try body()
            times.append(seconds() - start)
        }
        return times.sorted()[1]
    }

    // MARK: Building

    static func build(_ text: Text, at path: String, _ segments: Int) throws {
        try? FileManager.default.removeItem(atPath: path)
        let start = seconds()
        let session = try Store.create(at: path).write()
        var infos: [SegmentInfo] = []
        for part in 0..<segments {
            let range = (text.passageCount * part / segments)..<(text.passageCount * (part + 1) / segments)
            infos.append(try segment(text, range, session))
        }
        try session.commit(segments: infos)
        report("build s", seconds() - start)
        report("peak bytes/token", Double(peakMemory()) / Double(text.count))
        let snapshot = try Store.open(at: path).snapshot()
        var sizes: [String: Int] = [:]
        for segment in snapshot.segments {
            for (kind, bytes) in try segment.blobSizes() {
                let part =
                    switch kind {
                    case 25: "row passages"
                    case 26, 27: "forward text"
                    default: "FM-index"
                    }
                sizes[part, default: 0] += bytes
            }
        }
        for (part, bytes) in sizes.sorted(by: { $0.key < $1.key }) {
            report("\(part) bytes/token", Double(bytes) / Double(text.count))
        }
        report("total bytes/token", Double(sizes.values.reduce(0, +)) / Double(text.count))
    }

    static func add(_ text: Text, at path: String) throws {
        try? FileManager.default.removeItem(atPath: path)
        let most = text.passageCount * 99 / 100
        let store = try Store.create(at: path)
        var segments: [SegmentInfo] = []
        for (name, passages) in [("99% s", 0..<most), ("1% s", most..<text.passageCount)] {
            let start = seconds()
            // A session of its own for each, as two processes would have.
            let session = try store.write()
            segments.append(try segment(text, passages, session))
            try session.commit(segments: segments)
            report(name, seconds() - start)
        }
    }

    static func segment(_ text: Text, _ passages: Range<Int>, _ session: WriteSession) throws -> SegmentInfo {
        let builder = try SubstringSegmentBuilder(boundary: Text.boundary)
        for passage in passages { try builder.add(text[text.passage(passage)]) }
        let writer = session.newSegment()
        try builder.finish(into: writer)
        let count = UInt32(passages.count)
        return SegmentInfo(number: writer.number, documentCount: count, passageCount: count)
    }

    static func sort(_ text: Text) throws {
        let tokens = try TokenBuffer()
        for passage in 0..<text.passageCount {
            try text[text.passage(passage)].withUnsafeBufferPointer { try tokens.append($0) }
        }
        let rows = try TokenBuffer(count: tokens.count)
        let alphabet = (0..<tokens.count).reduce(0) { max($0, Int(tokens.base[$1])) } + 1
        let start = seconds()
        SuffixSorter.sort(tokens.base, into: rows.base, count: tokens.count, alphabet: alphabet)
        report("suffix sorting s", seconds() - start)
    }

    /// The most memory that the process has had, in bytes.
    static func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) * 1024
    }

    // MARK: Queries

    static func query(_ text: Text, at path: String) throws {
        let index = try SubstringIndex(Store.open(at: path).snapshot())
        let ngrams = text.ngrams(20_000, length: 8)
        timeExtensions(index, ngrams)
        for (depth, least) in [(1, text.count / 800), (2, text.count / 100_000), (3, text.count / 400_000)] {
            timeNextTokens(index, ngrams, depth: depth, least: least)
        }
        try timeLocating(index, ngrams)
    }

    static func timeExtensions(_ index: SubstringIndex, _ ngrams: [[TokenID]]) {
        var sum = 0
        let single = median {
            sum = 0
            for ngram in ngrams {
                var range = index.root
                for token in ngram {
                    guard let next = index.extend(range, by: token) else { break }
                    range = next
                }
                sum += range.count
            }
        }
        report("extend ns", single * 1e9 / Double(8 * ngrams.count))
        report("extend checksum", Double(sum))
        let width = 16
        let tokens = stride(from: 0, to: ngrams.count, by: width).map { start in
            (0..<8).map { depth in (0..<width).map { ngrams[start + $0][depth] } }
        }
        let batched = median {
            sum = 0
            for group in tokens {
                var ranges = [SuffixRange](repeating: index.root, count: width)
                for depth in 0..<8 {
                    let next = index.extend(ranges, by: group[depth])
                    for place in 0..<width { if let range = next[place] { ranges[place] = range } }
                }
                for range in ranges { sum += range.count }
            }
        }
        report("extend in batches of 16 ns", batched * 1e9 / Double(8 * ngrams.count))
        report("extend in batches of 16 checksum", Double(sum))
    }

    static func timeNextTokens(_ index: SubstringIndex, _ ngrams: [[TokenID]], depth: Int, least: Int) {
        var seen = Set<[TokenID]>()
        var ranges: [SuffixRange] = []
        for ngram in ngrams {
            let start = Array(ngram.prefix(depth))
            guard seen.insert(start).inserted, let range = index.range(of: start), range.count >= least else {
                continue
            }
            ranges.append(range)
            if ranges.count == 100 { break }
        }
        var (found, sum) = (0, 0)
        let time = median {
            found = 0
            sum = 0
            for range in ranges {
                index.forEachNext(range) { _, count in
                    found += 1
                    sum += count
                }
            }
        }
        report("distinct next tokens at depth \(depth) us", time * 1e6 / Double(ranges.count))
        report("distinct next tokens at depth \(depth) checksum", Double(found / ranges.count))
        let sorted = median { for range in ranges { found += index.nextTokens(range).count } }
        report("the same, sorted, at depth \(depth) us", sorted * 1e6 / Double(ranges.count))
        report("occurrences at depth \(depth)", Double(sum / ranges.count))
    }

    static func timeLocating(_ index: SubstringIndex, _ ngrams: [[TokenID]]) throws {
        let ranges = ngrams.prefix(3000).compactMap { index.range(of: $0.prefix(3)) }.filter { $0.count <= 1000 }
        var (rows, sum) = (0, 0)
        let time = median {
            rows = 0
            sum = 0
            for range in ranges {
                rows += range.count
                for place in index.passages(containing: range) { sum += Int(place.passage.rawValue) * place.count }
            }
        }
        report("locate to document us", time * 1e6 / Double(rows))
        // sdsl locates every 20th of the ranges.
        sum = 0
        for range in stride(from: 0, to: ranges.count, by: 20).map({ ranges[$0] }) {
            for place in index.passages(containing: range) { sum += Int(place.passage.rawValue) * place.count }
        }
        report("locate to document checksum", Double(sum))
    }
}

/// The tokens of a file, in passages that end with the boundary.
struct Text {
    static let boundary: TokenID = 102

    let count: Int
    private let file: Int32
    private let starts: [UInt32]

    var passageCount: Int { starts.count - 1 }

    /// Keeps the places of the passages alone in memory, so that the peak of a build is the index's own.
    init(_ path: String, limit: Int) throws {
        file = open(path, O_RDONLY)
        guard file >= 0 else { throw TrawlError(.notFound, "there is no such file", path: path) }
        var starts: [UInt32] = [0]
        var place = 0
        while limit == 0 || place < limit {
            let tokens = Self.read(file, place..<(place + min(1 << 18, limit == 0 ? .max : limit - place)))
            if tokens.isEmpty { break }
            for (offset, token) in tokens.enumerated() where token == Self.boundary {
                starts.append(UInt32(place + offset + 1))
            }
            place += tokens.count
        }
        self.starts = starts
        count = Int(starts.last ?? 0)
    }

    func passage(_ number: Int) -> Range<Int> { Int(starts[number])..<Int(starts[number + 1]) }

    subscript(range: Range<Int>) -> [TokenID] { Self.read(file, range) }

    private static func read(_ file: Int32, _ range: Range<Int>) -> [TokenID] {
        [TokenID](unsafeUninitializedCapacity: range.count) { tokens, count in
            count = max(0, pread(file, tokens.baseAddress, 4 * range.count, 4 * range.lowerBound)) / 4
        }
    }

    /// N-grams from places that are drawn with a fixed seed, as `sdsl.cpp` draws them.
    func ngrams(_ wanted: Int, length: Int) -> [[TokenID]] {
        var random = SplitMix()
        var result: [[TokenID]] = []
        while result.count < wanted {
            let range = passage(Int(random.next() % UInt64(passageCount)))
            guard range.count > length + 2 else { continue }
            let start = range.lowerBound + Int(random.next() % UInt64(range.count - length - 1))
            result.append(self[start..<(start + length)])
        }
        return result
    }
}

/// The generator splitmix64 (Steele, Lea and Flood, 2014).
struct SplitMix {
    private var state: UInt64 = 1

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
