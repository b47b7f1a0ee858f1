import Foundation
import TrawlCore
import TrawlTestSupport

/// Strings that are hard for one structure or another.
enum Strings {
    static let all = [
        "empty", "one token", "all equal", "all distinct, ascending", "all distinct, descending", "Fibonacci",
        "de Bruijn", "Zipf", "262k alphabet", "real text",
    ]

    static func named(_ name: String) -> [Int32] {
        switch name {
        case "one token": [5]
        case "all equal": [Int32](repeating: 3, count: 500)
        case "all distinct, ascending": (0..<1000).map(Int32.init)
        case "all distinct, descending": (0..<1000).reversed().map(Int32.init)
        case "Fibonacci": fibonacci(length: 1500)
        case "de Bruijn": deBruijn(letters: 4, order: 5)
        case "Zipf": zipf(length: 3000, alphabet: 800, seed: 3)
        case "262k alphabet": wide(length: 3000)
        case "real text": Array(realText.prefix(20_000))
        default: []
        }
    }

    static func fibonacci(length: Int) -> [Int32] {
        var (a, b): ([Int32], [Int32]) = ([1], [1, 0])
        while b.count < length { (a, b) = (b, b + a) }
        return Array(b.prefix(length))
    }

    /// The cyclic string in which every word of `order` letters occurs once, as the concatenation of Lyndon words.
    static func deBruijn(letters: Int, order: Int) -> [Int32] {
        var result: [Int32] = []
        var word = [Int](repeating: 0, count: order + 1)
        func extend(_ length: Int, _ period: Int) {
            if length > order {
                if order % period == 0 { result += word[1...period].map(Int32.init) }
                return
            }
            word[length] = word[length - period]
            extend(length + 1, period)
            for letter in stride(from: word[length - period] + 1, to: letters, by: 1) {
                word[length] = letter
                extend(length + 1, length)
            }
        }
        extend(1, 1)
        return result
    }

    static func zipf(length: Int, alphabet: Int, seed: UInt64) -> [Int32] {
        var random = SplitMix64(seed: seed)
        return (0..<length).map { _ in
            let u = Double(random.next() >> 11) / Double(1 << 53)
            return Int32(min(alphabet - 1, Int(pow(Double(alphabet), u)) - 1))
        }
    }

    static func wide(length: Int) -> [Int32] {
        var random = SplitMix64(seed: 5)
        return (0..<length).map { _ in Int32(random.next() % 262_144) }
    }

    /// The words of the English Wikipedia leads as numbers, in the order of their first occurrence.
    static let realText: [Int32] = {
        let path = TestFiles.home + "/corpora/wikipedia-leads/summaries_en-us.json"
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: 400_000) else {
            return []
        }
        var numbers: [String: Int32] = [:]
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map { word in
            let number = numbers[String(word)] ?? Int32(numbers.count)
            numbers[String(word)] = number
            return number
        }
    }()
}
