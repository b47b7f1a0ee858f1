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
                for form in forms(span) where seen.insert(form).inserted { spans.append(form) }
            }
        }
        return spans
    }

    /// Other forms of the query's words, after a space, with the first letter in lower and in upper case. Stop words and forms
    /// that the query contains are left out.
    static func inflections(of query: String, _ words: QueryWords) -> [String] {
        let own = query.split(whereSeparator: \.isWhitespace).map { trimmed(String($0)).lowercased() }
        var seen = Set(own)
        var found: [String] = []
        for word in own where !words.isStopWord(word) {
            for form in words.inflections(word) where seen.insert(form).inserted { found += forms(form[...]) }
        }
        return found
    }

    private static func forms(_ span: Substring) -> [String] {
        guard let first = span.first else { return [] }
        let (small, capital) = (
            " " + first.lowercased() + span.dropFirst(), " " + first.uppercased() + span.dropFirst()
        )
        return small == capital ? [small] : [small, capital]
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
