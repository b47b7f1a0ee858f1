import TrawlCore
import TrawlTestSupport

/// Makes inputs of inputs: the same ones for the same seed. It knows what formats have in common: numbers in digits and in
/// bytes, words, lines, brackets that nest.
struct Mutator {
    private var random: SplitMix64
    private let maximumBytes: Int
    /// Words of the seeds and of formats.
    private let dictionary: [[UInt8]]
    private var pool: [[UInt8]]

    private static let numbers = [
        "0", "-1", "1", "16777216", "2147483647", "2147483648", "4294967295", "4294967296", "9007199254740993",
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e30", "1e308", "1e-320", "NaN",
        "-0", "0.5", "99999999999999999999999",
    ]
    private static let edges: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max, .max - 7, 1 << 24, 1 << 40,
    ]
    private static let openings = ["[", "{\"a\":", "(", "<a>", "<div><p>", "> ", "- ", "NOT ", "((", "[[", "  ", "\""]
    private static let words = [
        "null", "true", "false", "[]", "{}", "\"\"", ":", ",", "\n", "\r\n", "\t", "\u{0}", "\u{FEFF}", "\u{301}",
        "\\u0000", "\\ud800", "\u{1F600}", "<!--", "]]>", "&#x110000;", "&amp;", "---\n", "*", "!!", "&a ", "*a",
    ]

    init(seeds: [[UInt8]], maximumBytes: Int, seed: UInt64) {
        random = SplitMix64(seed: seed)
        self.maximumBytes = maximumBytes
        pool = seeds.isEmpty ? [[]] : seeds
        var words = Self.words.map { Array($0.utf8) }
        var known = Set(words)
        for seed in seeds {
            for word in seed.split(whereSeparator: { !Self.isWord($0) }) where (2...24).contains(word.count) {
                if words.count < 4000, known.insert(Array(word)).inserted { words.append(Array(word)) }
            }
        }
        dictionary = words
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte == 0x2D || byte == 0x2E || byte >= 0x80
    }

    /// An input that behaved in a new way is changed further.
    mutating func keep(_ input: [UInt8]) {
        if pool.count < 2000 { pool.append(input) } else { pool[random.below(pool.count)] = input }
    }

    mutating func next() -> [UInt8] {
        var bytes = pool[random.below(pool.count)]
        for _ in 0..<1 << random.below(4) { change(&bytes) }
        return Array(bytes.prefix(maximumBytes))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        switch random.below(16) {
        case 0: if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
        case 1: if !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
        case 2: bytes.removeSubrange(range(in: bytes))
        case 3:
            // Now and then what nests is repeated very often.
            let part = bytes[range(in: bytes)].prefix(64)
            let count = 1 << random.below(random.below(8) == 0 ? 14 : 4)
            insert([[UInt8]](repeating: Array(part), count: count).flatMap { $0 }, into: &bytes)
        case 4, 5, 6: insert(dictionary[random.below(dictionary.count)], into: &bytes)
        case 7, 8: replaceWord(in: &bytes)
        case 9, 10: replaceDigits(in: &bytes)
        case 11, 12: replaceNumber(in: &bytes)
        case 13:
            let other = pool[random.below(pool.count)]
            insert(Array(other[range(in: other)]), into: &bytes)
        case 14: swapLines(of: &bytes)
        default:
            let opening = Array(Self.openings[random.below(Self.openings.count)].utf8)
            let count = 1 << random.below(16)
            let text = (0..<min(count, maximumBytes / opening.count)).flatMap { _ in opening }
            insert(text, into: &bytes)
        }
    }

    /// A short range more often than a long one.
    private mutating func range(in bytes: [UInt8]) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let start = random.below(bytes.count)
        let length = 1 + random.below(1 << random.below(12))
        return start..<min(bytes.count, start + length)
    }

    private mutating func insert(_ part: [UInt8], into bytes: inout [UInt8]) {
        guard bytes.count + part.count <= 2 * maximumBytes else { return }
        bytes.insert(contentsOf: part, at: random.below(bytes.count + 1))
    }

    /// Puts a word of the dictionary in the place of one in the input.
    private mutating func replaceWord(in bytes: inout [UInt8]) {
        guard let range = run(in: bytes, of: Self.isWord) else { return }
        bytes.replaceSubrange(range, with: dictionary[random.below(dictionary.count)])
    }

    private mutating func replaceDigits(in bytes: inout [UInt8]) {
        guard let range = run(in: bytes, of: { $0 &- 0x30 < 10 }) else { return }
        bytes.replaceSubrange(range, with: Self.numbers[random.below(Self.numbers.count)].utf8)
    }

    /// A run of bytes that begins or continues at or after a place that is drawn.
    private mutating func run(in bytes: [UInt8], of belongs: (UInt8) -> Bool) -> Range<Int>? {
        guard !bytes.isEmpty else { return nil }
        let start = random.below(bytes.count)
        guard var lower = bytes[start...].firstIndex(where: belongs) else { return nil }
        let upper = bytes[lower...].firstIndex { !belongs($0) } ?? bytes.count
        while lower > 0, belongs(bytes[lower - 1]) { lower -= 1 }
        return lower..<upper
    }

    /// Writes a little-endian number that is an edge, or near what was there.
    private mutating func replaceNumber(in bytes: inout [UInt8]) {
        let width = 1 << random.below(4)
        guard bytes.count >= width else { return }
        let start = random.below(bytes.count - width + 1)
        var value = bytes[start..<start + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch random.below(3) {
        case 0: value = Self.edges[random.below(Self.edges.count)]
        case 1: value = value &+ UInt64(1 + random.below(16)) &- 8
        default: value = value << UInt64(1 + random.below(8))
        }
        for index in 0..<width { bytes[start + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    private mutating func swapLines(of bytes: inout [UInt8]) {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        guard lines.count > 1, lines.count < 10_000 else { return }
        let (first, second) = (random.below(lines.count), random.below(lines.count))
        if random.below(2) == 0 { lines.swapAt(first, second) } else { lines[first] = lines[second] }
        bytes = Array(lines.joined(separator: [10]))
    }
}
