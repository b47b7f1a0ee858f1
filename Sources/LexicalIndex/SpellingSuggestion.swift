import Foundation
public import TrawlCore
import TrawlStore

extension String {
    /// In the normal form in which texts are indexed.
    var composed: String { utf8.allSatisfy { $0 < 0x80 } ? self : precomposedStringWithCanonicalMapping }
}

extension AnalyzerSettings {
    /// A query of one character of a script that is indexed in pairs, as the pairs that begin with it; nil for others.
    package func pairs(with query: String) -> QueryNode? {
        let scalars = query.composed.unicodeScalars.filter { !$0.properties.isWhitespace }
        guard version > 1, scalars.count == 1, let only = scalars.first,
            CharacterClass(version2: only) == .paired
        else { return nil }
        return .prefix(String(only))
    }
}

extension LexicalSearcher {
    /// Words of `text` that no passage has, each with the word nearest to it that one has: at most 2 edits away, 1 for
    /// words of fewer than 6 letters; among the nearest, that of most passages.
    ///
    /// Words with digits and those of fewer than 4 letters are left alone.
    /// - Complexity: O(terms of the index) for each word that no passage has; microseconds where there is none.
    public func corrections(of text: String, texts: PassageTexts) throws -> [(word: String, correction: String)] {
        try weigher.corrections(of: text) { try writtenForm($0, like: $1, texts)?.text }
    }

    /// A word of a passage whose term is `term`.
    package func writtenForm(
        _ term: [UInt8], like word: String, _ texts: PassageTexts
    ) throws -> (text: String, passage: PassageID)? {
        let analyzer = try Analyzer(settings)
        for segment in segments {
            var holder: UInt32?
            try segment.postings(of: term)?.forEachPosting { passage, _ in
                if segment.deletions?.passages.contains(Int(passage)) != true { holder = passage }
                return holder == nil
            }
            guard let holder else { continue }
            let id = PassageID(segment.reader.passageBase + holder)
            let passage = try texts(id)
            for content in [passage.text, passage.title] {
                var counts: [String: Int] = [:]
                let bytes = Array(content.utf8)
                analyzer.forEachTerm(of: content) { found, range in
                    if found.elementsEqual(term) {
                        counts[String(decoding: bytes[range], as: UTF8.self), default: 0] += 1
                    }
                }
                guard let best = counts.min(by: { Self.isBetter($0, $1, for: word) })?.key else { continue }
                return (word.contains(where: \.isUppercase) ? best : best.lowercased(), id)
            }
        }
        return nil
    }

    /// Whether one form of a term replaces `word` rather than another: the nearer, then the more frequent.
    private static func isBetter(
        _ a: (key: String, value: Int), _ b: (key: String, value: Int), for word: String
    ) -> Bool {
        func edits(_ form: String) -> Int {
            var distance = EditDistance(to: word.lowercased(), limit: 8)
            return distance.next(Array(form.lowercased().utf8)[...]) ?? 9
        }
        return (edits(a.key), b.value, a.key) < (edits(b.key), a.value, b.key)
    }
}

extension TermWeigher {
    /// See `LexicalSearcher.corrections`.
    ///
    /// - Parameter writtenForm: a word of a passage that has a term, written most like another word; nil where no live passage
    ///   has it.
    package func corrections(
        of text: String, writtenForm: (_ term: [UInt8], _ word: String) throws -> String?
    ) throws -> [(word: String, correction: String)] {
        let text = text.composed
        let bytes = Array(text.utf8)
        var found: [(term: [UInt8], name: String, range: Range<Int>)] = []
        try Analyzer(settings, dropsAskingWords: dropsAskingWords).forEachTerm(of: text) { term, range in
            let name = String(decoding: term, as: UTF8.self)
            if name.count > 3, name.allSatisfy(\.isLetter) { found.append((Array(term), name, range)) }
        }
        guard !found.isEmpty else { return [] }
        var unknown: [(word: String, term: String)] = []
        for (entry, frequency) in zip(found, try statistics.passageFrequencies(of: found.map(\.term)))
        where frequency == 0 {
            let word = String(decoding: bytes[entry.range], as: UTF8.self)
            if !unknown.contains(where: { $0.word == word }) { unknown.append((word, entry.name)) }
        }
        return try unknown.compactMap { word, term in
            for near in try statistics.terms(near: term, edits: term.count < 6 ? 1 : 2) where near.bytes.count > 2 {
                if let correction = try writtenForm(near.bytes, word) { return (word, correction) }
            }
            return nil
        }
    }
}
