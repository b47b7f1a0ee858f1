/// Words too common to tell passages apart.
enum StopWords {
    /// The list that Lucene's EnglishAnalyzer uses.
    private static let english = [
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not",
        "of",
        "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will",
        "with",
    ]

    /// The stop words of a language; empty for languages without a list.
    static func table(language: String) -> TermTable {
        var table = TermTable()
        guard language == "en" else { return table }
        for word in english {
            let bytes = Array(word.utf8)
            bytes.withUnsafeBufferPointer { _ = table.insert($0) }
        }
        return table
    }
}
