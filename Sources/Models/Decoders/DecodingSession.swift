public import TrawlCore

/// A position in the tree of keys and values that a `DecodingSession` caches: a token together with everything that
/// stands before it, up to the start of its prompt.
public struct CacheNode: Hashable, Sendable {
    public let index: Int32
    public init(index: Int32) { self.index = index }
}

/// One row of a decoding step: `token` is appended after `parent`. Rows may share a parent, and rows of different
/// prompts may stand in one step.
public struct DecodingRow: Sendable {
    public let parent: CacheNode
    public let token: TokenID

    public init(parent: CacheNode, token: TokenID) {
        self.parent = parent
        self.token = token
    }
}

/// What a step gave: for each of its rows (or prompts) the new node and the logits of the token that comes next.
public struct DecodingStep {
    public let nodes: [CacheNode]
    /// `[rows, vocabulary]`, row-major, not normalised. Valid until the session's next call, and as long as this step
    /// lives: it keeps their memory.
    public let logits: UnsafeBufferPointer<Float>
    public let vocabularySize: Int
    private let owner: AnyObject

    /// - Parameter owner: What keeps `logits` where they are.
    public init(nodes: [CacheNode], logits: UnsafeBufferPointer<Float>, vocabularySize: Int, owner: AnyObject) {
        self.nodes = nodes
        self.logits = logits
        self.vocabularySize = vocabularySize
        self.owner = owner
    }

    /// The logits of row `row`, `[vocabulary]`; valid as `logits` are.
    public func row(_ row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: logits[row * vocabularySize..<(row + 1) * vocabularySize])
    }
}

/// A decoder at work on a batch of prompts, with a cache in the form of a tree.
///
/// A prompt is computed once and shared by all that follows it; a beam is a node, and continuing it is naming that node
/// as the parent. Nothing is copied when beams fork. Beam search and the scoring of many n-grams behind one prompt (their
/// prefixes form a trie) are the same two calls.
public protocol DecodingSession: AnyObject {
    var vocabularySize: Int { get }

    /// The most tokens that may stand between the start of a prompt and a node.
    var contextLength: Int { get }

    /// Runs each prompt and answers, for each, the node of its last token and the logits behind it.
    ///
    /// - Throws: `TrawlError.invalidInput` for an empty prompt, a token outside the vocabulary or a prompt that is longer
    ///   than the context.
    func prefill(_ prompts: [[TokenID]]) throws -> DecodingStep

    /// Runs one token for each row.
    func advance(_ rows: [DecodingRow]) throws -> DecodingStep

    /// The log-probability of every token of each continuation, given its prompt and the tokens before it.
    ///
    /// One packed pass over all pairs; logits are computed at the continuations' positions only, and no node is kept.
    func logProbabilities(of continuations: [[TokenID]], after prompts: [[TokenID]]) throws -> [[Float]]

    /// Forgets all nodes.
    func reset()
}
