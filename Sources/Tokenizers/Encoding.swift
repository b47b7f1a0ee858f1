public import TrawlCore

/// What a tokenizer makes of one text or of a pair of texts; the four arrays are parallel.
public struct Encoding: Hashable, Sendable {
    public var ids: [TokenID]
    /// For each token the bytes of the original text (UTF-8, of its own text when a pair was encoded) that it stands for.
    /// Tokens that the template added have `0..<0`. Neighbours may overlap where one character gave several tokens.
    public var offsets: [Range<Int>]
    /// 0 for the first text and 1 for the second, as far as the template says so.
    public var typeIDs: [UInt8]
    /// True for the tokens that the template added, such as `[CLS]`; special tokens inside the text do not count.
    public var specialTokens: [Bool]

    public init(ids: [TokenID] = [], offsets: [Range<Int>] = [], typeIDs: [UInt8] = [], specialTokens: [Bool] = []) {
        self.ids = ids
        self.offsets = offsets
        self.typeIDs = typeIDs
        self.specialTokens = specialTokens
    }

    public var count: Int { ids.count }

    mutating func append(_ other: Encoding) {
        ids += other.ids
        offsets += other.offsets
        typeIDs += other.typeIDs
        specialTokens += other.specialTokens
    }
}
