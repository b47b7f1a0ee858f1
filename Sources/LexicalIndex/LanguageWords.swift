internal import CTrawlStemmer

/// What is known of the words of a language: which say nothing in a query, and what forms they have.
public struct LanguageWords: Sendable {
    private let isEnglish: Bool
    private let stemmer: String?
    private let stopWords: Set<String>

    public init(_ settings: AnalyzerSettings) {
        isEnglish = settings.language == "en"
        stopWords = Set(StopWords.query(settings))
        stemmer = settings.stemmer
    }

    /// Whether `word`, in small letters, says nothing in a query.
    public func isStopWord(_ word: String) -> Bool { stopWords.contains(word) }

    /// Other words that a change of ending makes of `word` and that have its stem, in a fixed order; which of them exist is for
    /// the corpus to say. Empty for languages other than English, and without a stemmer.
    public func inflections(of word: String) -> [String] {
        guard isEnglish, let stemmer, word.count > 2, word.allSatisfy({ $0.isLetter && $0.isASCII }),
            let machine = sb_stemmer_new(stemmer, nil)
        else { return [] }
        defer { sb_stemmer_delete(machine) }
        func stem(_ word: String) -> String {
            let bytes = Array(word.utf8)
            guard let found = sb_stemmer_stem(machine, bytes, CInt(bytes.count)) else { return word }
            return String(cString: found)
        }
        let target = stem(word)
        var seen: Set<String> = [word]
        var found: [String] = []
        for base in Self.bases(of: word) where base.count > 1 {
            for ending in Self.endings {
                let form = base + ending
                if seen.insert(form).inserted, stem(form) == target { found.append(form) }
            }
        }
        return found
    }

    private static let endings = [
        "", "s", "es", "ed", "d", "ing", "e", "y", "ies", "ied", "er", "ers", "ly", "ion", "ions", "al", "ment",
        "ments",
    ]

    /// What may be left of a word without its ending, longest first.
    private static func bases(of word: String) -> [String] {
        var bases = [word]
        for ending in endings.sorted(by: { $0.count != $1.count ? $0.count < $1.count : $0 < $1 })
        where !ending.isEmpty && word.hasSuffix(ending) && word.count > ending.count + 1 {
            let base = String(word.dropLast(ending.count))
            bases.append(base)
            // A doubled last letter, as in "planned".
            if let last = base.last, base.dropLast().last == last { bases.append(String(base.dropLast())) }
        }
        if let last = word.last, !"aeiouwxy".contains(last) { bases.append(word + String(last)) }
        // A y that became an i, as in "studies".
        if let stem = ["ies", "ied"].first(where: word.hasSuffix).map({ word.dropLast($0.count) }), !stem.isEmpty {
            bases.append(stem + "y")
        }
        return bases
    }
}
