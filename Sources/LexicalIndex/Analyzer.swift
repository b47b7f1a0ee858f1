internal import CTrawlStemmer
public import TrawlCore

/// Turns text into terms as Lucene's standard tokenizer and English analyser do: words by the Unicode rules (letters and
/// digits, joined by apostrophes and full stops inside; Han and Hiragana one character each), small letters, without
/// the English possessive 's, without stop words, stemmed.
///
/// Words are cut after `longestTerm` bytes. Not for use by two threads at once: a stemmer has state.
public final class Analyzer {
    /// The longest term in bytes, as Lucene's 255 characters.
    public static let longestTerm = 255

    public let settings: AnalyzerSettings
    private let stemmer: OpaquePointer?
    private let stopWords: TermTable
    private let dropsPossessive: Bool
    private var characters = CharacterTable()
    /// The word at hand in small letters.
    private let word: UnsafeMutablePointer<UInt8>

    /// - Parameter dropsAskingWords: Whether words that are indexed but say nothing in a query are left out too, such as "what"
    ///   and "does".
    /// - Throws: `unsupported` for a stemmer that libstemmer does not have.
    public init(_ settings: AnalyzerSettings, dropsAskingWords: Bool = false) throws(TrawlError) {
        self.settings = settings
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
        stopWords =
            dropsAskingWords
            ? StopWords.queryTable(language: settings.language)
            : settings.removesStopWords ? StopWords.table(language: settings.language) : TermTable()
        dropsPossessive = settings.language == "en"
        word = .allocate(capacity: Self.longestTerm)
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

    /// The terms of `text` in order.
    public func terms(of text: String) -> [String] {
        var terms: [String] = []
        forEachTerm(of: text) { term, _ in terms.append(String(decoding: term, as: UTF8.self)) }
        return terms
    }

    /// Calls `body` with every term and the UTF-8 offsets of the word that it came from. The bytes of the term are valid
    /// during the call only.
    func forEachTerm(of text: String, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        var text = text
        text.withUTF8 { segment($0, body) }
    }

    /// The state of the word at hand.
    private struct Pending {
        var count = 0
        var start = 0
        /// The class of the last character that is no mark: letter, digit, connector or katakana.
        var last = CharacterClass.other
        /// The joining character at the end of the word, which belongs to it only if the word goes on.
        var join: CharacterClass?
        /// The length and the end of the word without `join`.
        var countBeforeJoin = 0
        var endBeforeJoin = 0
        var hasLetterOrDigit = false

        /// Whether a character of class `next` continues the word.
        func continues(with next: CharacterClass) -> Bool {
            guard count > 0 else { return false }
            guard let join else {
                return last == .connector || next == .connector || (last == .katakana) == (next == .katakana)
            }
            switch (last, next) {
            case (.letter, .letter): return join != .midNumber
            case (.digit, .digit): return join != .midLetter
            default: return false
            }
        }
    }

    private func segment(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        var pending = Pending()
        var position = 0
        while position < text.count {
            let start = position
            let entry = characters[Self.decode(text, &position)]
            let next = entry.characterClass
            switch next {
            case .letter, .digit, .connector, .katakana:
                if !pending.continues(with: next) || pending.count + 4 > Self.longestTerm {
                    flush(&pending, end: start, body)
                    pending.start = start
                }
                pending.join = nil
                append(entry.small, &pending)
                pending.last = next
                if next != .connector { pending.hasLetterOrDigit = true }
            case .midLetter, .midNumber, .midBoth:
                let joins = next == .midBoth || (next == .midLetter) == (pending.last == .letter)
                guard pending.count > 0, pending.join == nil, joins, pending.last == .letter || pending.last == .digit,
                    pending.count + 4 <= Self.longestTerm
                else {
                    flush(&pending, end: start, body)
                    continue
                }
                pending.join = next
                pending.countBeforeJoin = pending.count
                pending.endBeforeJoin = start
                append(entry.small, &pending)
            case .mark:
                if pending.count > 0, pending.join == nil, pending.count + 4 <= Self.longestTerm {
                    append(entry.small, &pending)
                }
            case .format: break
            case .single:
                flush(&pending, end: start, body)
                pending.start = start
                append(entry.small, &pending)
                pending.hasLetterOrDigit = true
                flush(&pending, end: position, body)
            case .other: flush(&pending, end: start, body)
            }
        }
        flush(&pending, end: text.count, body)
    }

    /// The scalar value at `position`, which moves behind it. `text` is valid UTF-8.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32 {
        let first = UInt32(text[position])
        position += 1
        if first < 0x80 { return first }
        let more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
        var value = first & (0x3F >> UInt32(more))
        for _ in 0..<more {
            value = value << 6 | UInt32(text[position]) & 0x3F
            position += 1
        }
        return value
    }

    private func append(_ value: UInt32, _ pending: inout Pending) {
        if value < 0x80 {
            word[pending.count] = UInt8(value)
            pending.count += 1
            return
        }
        guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { return }
        for byte in encoded {
            word[pending.count] = byte
            pending.count += 1
        }
    }

    /// Hands the word at hand over and starts a new one.
    private func flush(
        _ pending: inout Pending, end: Int, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) {
        guard pending.count > 0 else { return }
        let count = pending.join == nil ? pending.count : pending.countBeforeJoin
        let range = pending.start..<(pending.join == nil ? end : pending.endBeforeJoin)
        let isWord = pending.hasLetterOrDigit
        pending = Pending()
        guard isWord else { return }
        let kept = UnsafeBufferPointer(start: word, count: dropsPossessive ? count - possessive(count) : count)
        guard !kept.isEmpty, !stopWords.contains(kept) else { return }
        guard let stemmer, let stem = sb_stemmer_stem(stemmer, word, CInt(kept.count)) else { return body(kept, range) }
        let length = Int(sb_stemmer_length(stemmer))
        body(length > 0 ? UnsafeBufferPointer(start: stem, count: length) : kept, range)
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
