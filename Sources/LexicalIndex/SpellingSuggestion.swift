import Foundation
public import TrawlCore
import TrawlStore

extension String {
    /// In the normal form in which texts are indexed.
    var composed: String { utf8.allSatisfy { $0 < 0x80 } ? self : precomposedStringWithCanonicalMapping }
}

extension LexicalSearcher {
    /// A query of one character of a script that is indexed in pairs, as the pairs that begin with it; nil for others.
    public func pairs(with query: String) -> QueryNode? {
        let scalars = query.composed.unicodeScalars.filter { !$0.properties.isWhitespace }
        guard settings.version > 1, scalars.count == 1, let only = scalars.first,
            CharacterClass(version2: only) == .paired
        else { return nil }
        return .prefix(String(only))
    }

    /// Words of `text` that no passage has, each with the word nearest to it that one has: at most 2 edits away, 1 for
    /// words of fewer than 6 letters; among the nearest, that of most passages.
    ///
    /// Words with digits and those of fewer than 4 letters are left alone.
    /// - Complexity: O(terms of the index) for each word that no passage has; microseconds where there is none.
    public func corrections(of text: String, texts: PassageTexts) throws -> [(word: String, correction: String)] {
        let text = text.composed
        let bytes = Array(text.utf8)
        var unknown: [(word: String, term: String)] = []
        var missing: [([UInt8], Range<Int>)] = []
        try Analyzer(settings, dropsAskingWords: dropsAskingWords).forEachTerm(of: text) { term, range in
            missing.append((Array(term), range))
        }
        for (term, range) in missing {
            let name = String(decoding: term, as: UTF8.self)
            guard name.count > 3, name.allSatisfy(\.isLetter), try lists(term).allSatisfy({ $0 == nil }) else {
                continue
            }
            let word = String(decoding: bytes[range], as: UTF8.self)
            if !unknown.contains(where: { $0.word == word }) { unknown.append((word, name)) }
        }
        return try unknown.compactMap { word, term in
            for near in try terms(near: term, edits: term.count < 6 ? 1 : 2) where near.bytes.count > 2 {
                if let correction = try writtenForm(near.bytes, like: word, texts) { return (word, correction) }
            }
            return nil
        }
    }

    /// A word of a passage whose term is `term`.
    private func writtenForm(_ term: [UInt8], like word: String, _ texts: PassageTexts) throws -> String? {
        let analyzer = try Analyzer(settings)
        for (list, segment) in zip(try lists(term), segments) {
            var holder: UInt32?
            try list?.forEachPosting { passage, _ in
                if segment.deletions?.passages.contains(Int(passage)) != true { holder = passage }
                return holder == nil
            }
            guard let holder else { continue }
            let passage = try texts(PassageID(segment.reader.passageBase + holder))
            for content in [passage.text, passage.title] {
                var counts: [String: Int] = [:]
                let bytes = Array(content.utf8)
                analyzer.forEachTerm(of: content) { found, range in
                    if found.elementsEqual(term) {
                        counts[String(decoding: bytes[range], as: UTF8.self), default: 0] += 1
                    }
                }
                guard let best = counts.min(by: { Self.isBetter($0, $1, for: word) })?.key else { continue }
                return word.contains(where: \.isUppercase) ? best : best.lowercased()
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
