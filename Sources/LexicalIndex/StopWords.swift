/// Words too common to tell passages apart.
enum StopWords {
    /// The list that Lucene's EnglishAnalyzer uses; they are not indexed.
    private static let unindexed = [
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not",
        "of",
        "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will",
        "with",
    ]

    /// Words that ask or help to ask: they say nothing of what a passage should have, but tell passages apart by style. They
    /// are indexed, and left out of queries.
    private static let asking = [
        "about", "am", "any", "been", "being", "can", "could", "did", "do", "does", "doing", "done", "from", "had",
        "has", "have", "having", "he", "her", "him", "his", "how", "i", "its", "may", "me", "might", "must", "my",
        "our", "shall", "she", "should", "so", "some", "than", "them", "those", "too", "us", "very", "we", "were",
        "what", "when", "where", "which", "who", "whom", "whose", "why", "would", "you", "your",
    ]

    /// Those that are left out of queries.
    static let english = Set(unindexed + asking)

    /// The stop words of a language that are not indexed; empty for languages without a list.
    static func table(language: String) -> TermTable { language == "en" ? table(of: unindexed) : TermTable() }

    /// The stop words of a language that are left out of queries.
    static func queryTable(language: String) -> TermTable {
        language == "en" ? table(of: unindexed + asking) : TermTable()
    }

    private static func table(of words: [String]) -> TermTable {
        var table = TermTable()
        for word in words {
            let bytes = Array(word.utf8)
            bytes.withUnsafeBufferPointer { _ = table.insert($0) }
        }
        return table
    }
}
