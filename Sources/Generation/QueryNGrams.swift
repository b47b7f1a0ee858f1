import TrawlCore

/// The n-grams that a query itself suggests.
enum QueryNGrams {
    /// The spans of up to `longest` words of `query`, shorter ones first, each with its first letter in lower and in
    /// upper case, behind a space. Words are what white space divides; marks around a span are dropped.
    static func spans(of query: String, longest: Int) -> [String] {
        let words = query.split(whereSeparator: \.isWhitespace)
        var seen: Set<String> = []
        var spans: [String] = []
        for length in stride(from: 1, through: min(longest, words.count), by: 1) {
            for start in 0...(words.count - length) {
                let span = trimmed(words[start..<start + length].joined(separator: " "))
                guard let first = span.first else { continue }
                for initial in [first.lowercased(), first.uppercased()] {
                    let form = " " + initial + span.dropFirst()
                    if seen.insert(form).inserted { spans.append(form) }
                }
            }
        }
        return spans
    }

    private static func trimmed(_ text: String) -> Substring {
        let rest = text.drop { !isWordLike($0) }
        guard let last = rest.lastIndex(where: isWordLike) else { return "" }
        return rest[...last]
    }

    private static func isWordLike(_ character: Character) -> Bool {
        !(character.isPunctuation || character.isWhitespace)
    }
}
