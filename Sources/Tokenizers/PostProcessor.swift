import TrawlCore

/// Adds the special tokens that a model expects around one text or two.
struct PostProcessor: Sendable {
    enum Part: Sendable {
        case text(second: Bool, typeID: UInt8)
        case special(ids: [TokenID], typeID: UInt8)
    }

    /// For each step that takes white space off offsets: whether a space was put before the text.
    var trims: [Bool] = []
    var single: [Part]?
    var pair: [Part]?

    /// The tokens before a single text.
    var prefix: [TokenID] {
        var tokens: [TokenID] = []
        for part in single ?? [] {
            guard case .special(let ids, _) = part else { return tokens }
            tokens += ids
        }
        return []
    }

    func assemble(_ ids: [TokenID]) -> [TokenID] {
        guard let single else { return ids }
        var result: [TokenID] = []
        result.reserveCapacity(ids.count + 2)
        for part in single {
            switch part {
            case .text(let second, _): if !second { result += ids }
            case .special(let special, _): result += special
            }
        }
        return result
    }

    /// How a pair is put together where there is no template.
    private static let barePair: [Part] = [.text(second: false, typeID: 0), .text(second: true, typeID: 1)]

    /// The special tokens of a pair.
    var pairSpecialCount: Int {
        (pair ?? []).reduce(0) { count, part in
            if case .special(let ids, _) = part { count + ids.count } else { count }
        }
    }

    /// The ids and types of a pair.
    func assemble(
        _ first: ArraySlice<TokenID>, _ second: ArraySlice<TokenID>
    ) -> (ids: [TokenID], typeIDs: [UInt8]) {
        var ids: [TokenID] = []
        var typeIDs: [UInt8] = []
        let count = first.count + second.count + pairSpecialCount
        ids.reserveCapacity(count)
        typeIDs.reserveCapacity(count)
        for part in pair ?? Self.barePair {
            switch part {
            case .text(let isSecond, let typeID):
                ids += isSecond ? second : first
                typeIDs += repeatElement(typeID, count: isSecond ? second.count : first.count)
            case .special(let special, let typeID):
                ids += special
                typeIDs += repeatElement(typeID, count: special.count)
            }
        }
        return (ids, typeIDs)
    }

    func assemble(_ first: Encoding, _ second: Encoding?, addSpecialTokens: Bool) -> Encoding {
        let bare = second == nil ? Array(Self.barePair.prefix(1)) : Self.barePair
        var result = Encoding()
        for part in (second == nil ? single : pair) ?? bare {
            switch part {
            case .text(let isSecond, let typeID):
                guard var text = isSecond ? second : first else { continue }
                text.typeIDs = [UInt8](repeating: typeID, count: text.count)
                text.specialTokens = [Bool](repeating: false, count: text.count)
                result.append(text)
            case .special(let ids, let typeID):
                guard addSpecialTokens else { continue }
                let count = ids.count
                result.append(
                    Encoding(
                        ids: ids, offsets: [Range<Int>](repeating: 0..<0, count: count),
                        typeIDs: [UInt8](repeating: typeID, count: count),
                        specialTokens: [Bool](repeating: true, count: count)))
            }
        }
        return result
    }

    /// The offsets without the spaces that the token begins and ends with (GPT-2's `trim_offsets`).
    static func trim(
        _ range: Range<Int>, _ token: String, isFirst: Bool, _ addsPrefixSpace: Bool,
        _ text: UnsafeBufferPointer<UInt8>
    ) -> Range<Int> {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.value == 0x120 || scalar.properties.isWhitespace }
        var leading = token.unicodeScalars.prefix(while: isSpace).count
        let trailing = token.unicodeScalars.reversed().prefix(while: isSpace).count
        var lower = range.lowerBound
        var upper = range.upperBound
        if leading > 0 {
            if isFirst, addsPrefixSpace { leading -= 1 }
            for _ in 0..<leading where lower < upper { lower += UTF8Text.width(text[lower]) }
            lower = min(lower, upper)
        }
        for _ in 0..<trailing where upper > lower { upper = UTF8Text.before(text, upper, lower: lower) }
        return lower..<upper
    }
}
