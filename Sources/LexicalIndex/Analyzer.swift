internal import CTrawlStemmer
public import TrawlCore

/// Turns text into terms as Lucene's standard tokenizer and language analysers do: words by the Unicode rules (letters and
/// digits, joined by apostrophes and full stops inside), small letters, without the English possessive 's and elided articles
/// (l'eau), without stop words, stemmed, without diacritics. See `AnalyzerSettings.versions` for scripts without spaces.
///
/// Words are cut after `longestTerm` bytes. Not for use by two threads at once: a stemmer has state.
public final class Analyzer {
    /// The longest term in bytes, as Lucene's 255 characters.
    public static let longestTerm = 255

    public let settings: AnalyzerSettings
    private let stemmer: OpaquePointer?
    private let stopWords: TermTable
    private let dropsPossessive: Bool
    private let elisions: TermTable?
    private let dropsAfterApostrophe: Bool
    private let folder: DiacriticFolder?
    /// Whether diacritics are dropped before stemming.
    private let foldsFirst: Bool
    let characters: CharacterTable
    /// The word at hand in small letters.
    let word: UnsafeMutablePointer<UInt8>
    /// The number of the word at hand in its text, from 0, stop words counted.
    private(set) var position = 0
    private var nextPosition = 0

    /// The most bytes that one character adds to a word.
    static let longestCharacter = 16

    /// - Parameter dropsAskingWords: Whether words that are indexed but say nothing in a query are left out too, such as "what"
    ///   and "does".
    /// - Throws: `unsupported` for a stemmer that libstemmer does not have, or rules of a later version.
    public init(_ settings: AnalyzerSettings, dropsAskingWords: Bool = false) throws(TrawlError) {
        self.settings = settings
        guard AnalyzerSettings.versions.contains(settings.version) else {
            throw TrawlError(
                .unsupported, "text was analysed by rules of version \(settings.version)",
                remedy: "use a newer Trawl, or build the index again")
        }
        if let name = settings.stemmer {
            guard let stemmer = sb_stemmer_new(name, nil) else {
                throw TrawlError(
                    .unsupported, "there is no stemmer '\(name)'",
                    remedy: "choose one of " + Self.stemmers.joined(separator: ", "))
            }
            self.stemmer = stemmer
        } else {
            stemmer = nil
        }
        stopWords = dropsAskingWords ? StopWords.queryTable(settings) : StopWords.table(settings)
        let isLater = settings.version > 1
        dropsPossessive = settings.language == "en"
        elisions = isLater ? Elisions.table(language: settings.language) : nil
        dropsAfterApostrophe = isLater && settings.language == "tr"
        folder = settings.folds ? DiacriticFolder(longestWord: Self.longestTerm) : nil
        foldsFirst = Self.stemmersOfPlainLetters.contains(settings.stemmer ?? "")
        characters = CharacterTable(settings)
        word = .allocate(capacity: Self.longestTerm + Self.longestCharacter)
    }

    deinit {
        word.deallocate()
        sb_stemmer_delete(stemmer)
    }

    /// The names of libstemmer's algorithms.
    public static var stemmers: [String] {
        var names: [String] = []
        guard var name = sb_stemmer_list() else { return [] }
        while let text = name.pointee {
            names.append(String(cString: text))
            name += 1
        }
        return names
    }

    /// Stemmers that know no letter with a diacritic.
    private static let stemmersOfPlainLetters: Set = ["porter", "english", "en", "eng", "indonesian", "id", "ind"]

    /// The terms of `text` in order.
    public func terms(of text: String) -> [String] {
        var terms: [String] = []
        forEachTerm(of: text) { term, _ in terms.append(String(decoding: term, as: UTF8.self)) }
        return terms
    }

    /// Calls `body` with every term and the UTF-8 offsets of the word that it came from.
    public func forEachTerm(of text: String, _ body: (_ term: String, _ range: Range<Int>) -> Void) {
        forEachTerm(of: text) { (bytes: UnsafeBufferPointer<UInt8>, range) in
            body(String(decoding: bytes, as: UTF8.self), range)
        }
    }

    /// Calls `body` with every term and the UTF-8 offsets of the word that it came from. The bytes of the term are valid
    /// during the call only; `position` is the number of its word.
    func forEachTerm(of text: String, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        var text = text
        nextPosition = 0
        text.withUTF8 { segment($0, body) }
    }

    /// Hands the word in `word` over, if it is no stop word.
    func emit(word count: Int, _ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        position = nextPosition
        nextPosition += 1
        var kept = withoutApostrophes(UnsafeBufferPointer(start: word, count: count))
        guard !kept.isEmpty, !stopWords.contains(kept) else { return }
        if foldsFirst, let folder {
            let folded = folder.fold(kept)
            if folded.baseAddress != kept.baseAddress, stopWords.contains(folded) { return }
            kept = folded
        }
        if let stemmer, let stem = sb_stemmer_stem(stemmer, kept.baseAddress, CInt(kept.count)) {
            let length = Int(sb_stemmer_length(stemmer))
            if length > 0 { kept = UnsafeBufferPointer(start: stem, count: length) }
        }
        if !foldsFirst, let folder { kept = folder.fold(kept) }
        body(kept, range)
    }

    /// Hands the bytes over as they are: emoji and pairs of characters.
    func emit(
        whole term: UnsafeBufferPointer<UInt8>, _ range: Range<Int>,
        _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) {
        position = nextPosition
        nextPosition += 1
        body(term, range)
    }

    /// The word without the English possessive, an elided article before it, or the endings that Turkish writes after names.
    private func withoutApostrophes(_ word: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        if dropsPossessive {
            return UnsafeBufferPointer(rebasing: word[..<(word.count - possessive(word.count))])
        }
        guard elisions != nil || dropsAfterApostrophe, let apostrophe = word.firstIndex(of: 0x27) else { return word }
        let (before, after) = (word[..<apostrophe], word[(apostrophe + 1)...])
        if dropsAfterApostrophe { return UnsafeBufferPointer(rebasing: before) }
        guard !after.isEmpty, elisions?.contains(UnsafeBufferPointer(rebasing: before)) == true else { return word }
        return UnsafeBufferPointer(rebasing: after)
    }

    /// The length of 's at the end of the word, with any of the three apostrophes.
    private func possessive(_ count: Int) -> Int {
        guard count > 2, word[count - 1] == 0x73 else { return 0 }
        if word[count - 2] == 0x27 { return 2 }
        guard count > 4 else { return 0 }
        switch (word[count - 4], word[count - 3], word[count - 2]) {
        case (0xE2, 0x80, 0x99), (0xEF, 0xBC, 0x87): return 4
        default: return 0
        }
    }
}

/// Articles and pronouns that lose their vowel before another and are written with the next word, as in "l'eau".
private enum Elisions {
    private static let words = [
        "ca": "d l m n s t",
        "fr": "c d j l m n s t qu jusqu lorsqu puisqu quoiqu",
        "ga": "b d m",
        "it": "c d l m n s t v un all agl dall dagl dell degl nell negl sull sugl coll quell quest",
    ]

    static func table(language: String) -> TermTable? {
        words[language].map { list in
            var table = TermTable()
            for word in list.split(separator: " ") {
                Array(word.utf8).withUnsafeBufferPointer { _ = table.insert($0) }
            }
            return table
        }
    }
}
