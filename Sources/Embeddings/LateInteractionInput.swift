import TrawlCore
import TrawlTokenizers

/// A text as the encoder of a model for late interaction reads it.
struct LateInteractionInput {
    var tokens: [TokenID]
    /// The tokens before the masks.
    var textCount: Int
    /// The positions of those that get vectors, ascending.
    var kept: [Int]
    var isCut: Bool
}

extension LateInteractionFolder {
    /// - Parameter maximum: The most tokens, where that is less than the model reads.
    func input(_ text: String, _ role: TextRole, maximum: Int = .max) -> LateInteractionInput {
        let whole = tokenizer.encodeIDs(lowered(text))
        var ids = arrange(
            whole.isEmpty ? [tokenizer.padID ?? 0] : whole, marker: marker(role), role, maximum: maximum)
        let isCut = whole.count + (marker(role) == nil ? 0 : 1) > ids.count
        let count = ids.count
        if role == .query, let expandedLength, let mask, count < expandedLength {
            ids += Array(repeating: mask, count: expandedLength - count)
        }
        let kept = ids.indices.filter { position in role == .query || !skipped.contains(ids[position]) }
        return LateInteractionInput(tokens: ids, textCount: count, kept: kept, isCut: isCut)
    }

    /// Puts the marker after the first token, and cuts what is too long before the closing special token.
    func arrange<Item>(_ tokens: [Item], marker: Item?, _ role: TextRole, maximum: Int = .max) -> [Item] {
        var items = tokens
        if let marker { items.insert(marker, at: min(1, items.count)) }
        let limit = min(maximum, role == .query ? queryLength : passageLength)
        guard items.count > limit, let last = items.last else { return items }
        return closes ? items.prefix(limit - 1) + [last] : Array(items.prefix(limit))
    }

    func lowered(_ text: String) -> String { isLowercased ? text.lowercased() : text }

    func marker(_ role: TextRole) -> TokenID? { role == .query ? queryMarker : passageMarker }
}
