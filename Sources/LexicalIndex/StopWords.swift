/// Words too common to tell passages apart.
enum StopWords {
    /// The stop words that settings leave out of indexes and queries.
    static func table(_ settings: AnalyzerSettings) -> TermTable {
        settings.removesStopWords ? table(of: unindexed(settings)) : TermTable()
    }

    /// The stop words that settings leave out of queries.
    static func queryTable(_ settings: AnalyzerSettings) -> TermTable { table(of: query(settings)) }

    /// The words that say nothing in a query: those that are not indexed, and those that ask or help to ask.
    static func query(_ settings: AnalyzerSettings) -> [String] {
        unindexed(settings) + (isKnown(settings) ? words(of: asking[settings.language]) : [])
    }

    /// The function words of a language, which show that a text is in it.
    static func functionWords(_ language: TextLanguage) -> [String] {
        words(of: unindexed[language.code]) + words(of: asking[language.code]) + words(of: foreign[language.code])
    }

    private static func unindexed(_ settings: AnalyzerSettings) -> [String] {
        isKnown(settings) ? words(of: unindexed[settings.language]) : []
    }

    /// The first version of the analysis knew English alone.
    private static func isKnown(_ settings: AnalyzerSettings) -> Bool {
        settings.language == "en" || settings.version > 1
    }

    private static func words(of list: String?) -> [String] {
        list.map { $0.split(whereSeparator: \.isWhitespace).map(String.init) } ?? []
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
