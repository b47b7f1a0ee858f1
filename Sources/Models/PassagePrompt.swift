public import TrawlCore

/// A prompt with a place for a passage, which is cut where the whole would be too long.
public struct PassagePrompt: Sendable {
    public static let place = "{passage}"

    private let start: [TokenID]
    private let encode: @Sendable (String) throws -> [TokenID]
    /// The text before and behind the passage.
    private let frame: (before: String, behind: String)
    /// The tokens before the passage, those that begin every text among them, and behind it, where the passage is cut.
    private let frameTokens: (before: [TokenID], behind: [TokenID])

    /// How many tokens the prompt has without a passage.
    public var frameLength: Int { frameTokens.before.count + frameTokens.behind.count }

    /// - Parameters:
    ///   - template: `{passage}` stands for the passage.
    ///   - start: The special tokens that begin every text of the model.
    ///   - encode: The model's tokenizer, without special tokens.
    /// - Throws: `TrawlError.invalidInput` for a template without a place for the passage.
    public init(
        _ template: String, start: [TokenID], encode: @escaping @Sendable (String) throws -> [TokenID]
    ) throws {
        guard let place = template.firstRange(of: Self.place) else {
            throw TrawlError(
                .invalidInput, "the prompt \"\(template)\" has no place for the passage",
                remedy: "write \(Self.place) where the passage goes")
        }
        try self.init(
            before: String(template[..<place.lowerBound]), after: String(template[place.upperBound...]), start: start,
            encode: encode)
    }

    /// The prompt with `before` and `after` around a passage.
    public init(
        before: String, after: String, start: [TokenID], encode: @escaping @Sendable (String) throws -> [TokenID]
    ) throws {
        self.start = start
        self.encode = encode
        frame = (before, after)
        frameTokens = (start + (try encode(before)), try encode(after))
    }

    /// The prompt's tokens, the passage cut at its end so that there are at most `room`.
    ///
    /// - Throws: `TrawlError.invalidInput` when the prompt alone needs as many, or prompt and passage are empty; `remedy` says
    ///   how there would be more room.
    public func tokens(for passage: String, room: Int, remedy: String) throws -> [TokenID] {
        try fitted(passage, room: room, remedy: remedy).tokens
    }

    /// As `tokens(for:room:remedy:)`, and whether the passage was cut.
    public func fitted(_ passage: String, room: Int, remedy: String) throws -> (tokens: [TokenID], isCut: Bool) {
        let whole = start + (try encode(frame.before + passage + frame.behind))
        if whole.count <= room, !whole.isEmpty { return (whole, false) }
        let (before, behind) = frameTokens
        let left = room - frameLength
        guard left > 0 else {
            throw TrawlError(
                .invalidInput,
                "no tokens are left for the passage: \(room) are to be had, the prompt has \(frameLength)",
                remedy: remedy)
        }
        let text = try encode(passage)
        guard !(before.isEmpty && behind.isEmpty && text.isEmpty) else {
            throw TrawlError(.invalidInput, "an empty passage and an empty prompt", remedy: "put words into the prompt")
        }
        return (before + text.prefix(left) + behind, text.count > left)
    }
}
