import TrawlCore

/// N-grams that share their prefixes. Scoring keys walks it level by level; finding them in a passage walks it from
/// each position.
struct NGramTrie {
    /// Node 0 is the empty n-gram.
    private(set) var tokens: [TokenID] = [0]
    private(set) var depths: [Int32] = [0]
    /// The number of the n-gram that ends at a node, or -1.
    private(set) var ngrams: [Int32] = [-1]
    private(set) var firstChild: [Int32] = [-1]
    private(set) var nextSibling: [Int32] = [-1]
    private var lastChild: [Int32] = [-1]
    /// Open addressing from (node, token) to the child, -1 where free; the capacity is a power of two.
    private var slots = [Int32](repeating: -1, count: 64)
    /// For each node the edge that leads to it: its parent and its token.
    private var edges: [UInt64] = [.max]

    /// The tokens that begin an n-gram, a bit each: most positions of a text begin none, and need no look into the slots.
    private var firsts: [UInt64] = []

    var nodeCount: Int { tokens.count }

    /// The node of `ngram`, which gets `number` unless it has one: the first n-gram wins.
    @discardableResult
    mutating func insert(_ ngram: some Sequence<TokenID>, number: Int) -> Int {
        var node = 0
        for token in ngram { node = child(of: node, token) ?? addChild(to: node, token) }
        if ngrams[node] < 0 { ngrams[node] = Int32(number) }
        return node
    }

    /// The child of `node` by `token`. O(1).
    @inline(__always)
    func child(of node: Int, _ token: TokenID) -> Int? {
        let mask = slots.count - 1
        let edge = Self.edge(node, token)
        var slot = Self.hash(edge) & mask
        while true {
            let child = Int(slots[slot])
            if child < 0 { return nil }
            if edges[child] == edge { return child }
            slot = (slot + 1) & mask
        }
    }

    /// Calls `body` with each of the children of `node`, in the order of insertion.
    func forEachChild(of node: Int, _ body: (Int) throws -> Void) rethrows {
        var child = Int(firstChild[node])
        while child >= 0 {
            try body(child)
            child = Int(nextSibling[child])
        }
    }

    /// Calls `body` with the number and position of each occurrence of an n-gram in `text`.
    ///
    /// - Complexity: O(text x length of the longest n-gram) at worst; near O(text) when few positions begin an n-gram.
    func forEachMatch(in text: [TokenID], _ body: (Int, Int) -> Void) {
        for start in text.indices where begins(text[start]) {
            var (node, index) = (0, start)
            while index < text.count, let next = child(of: node, text[index]) {
                node = next
                index += 1
                if ngrams[node] >= 0 { body(Int(ngrams[node]), start) }
            }
        }
    }

    /// Whether an n-gram begins with `token`.
    @inline(__always)
    private func begins(_ token: TokenID) -> Bool {
        let word = Int(token >> 6)
        return word < firsts.count && firsts[word] & 1 << UInt64(token & 63) != 0
    }

    private mutating func addChild(to node: Int, _ token: TokenID) -> Int {
        let child = tokens.count
        if node == 0 {
            let word = Int(token >> 6)
            while firsts.count <= word { firsts.append(0) }
            firsts[word] |= 1 << UInt64(token & 63)
        }
        tokens.append(token)
        depths.append(depths[node] + 1)
        ngrams.append(-1)
        firstChild.append(-1)
        nextSibling.append(-1)
        lastChild.append(-1)
        edges.append(Self.edge(node, token))
        if lastChild[node] < 0 {
            firstChild[node] = Int32(child)
        } else {
            nextSibling[Int(lastChild[node])] = Int32(child)
        }
        lastChild[node] = Int32(child)
        if 2 * tokens.count > slots.count {
            slots = [Int32](repeating: -1, count: 2 * slots.count)
            for index in 1...child { place(index) }
        } else {
            place(child)
        }
        return child
    }

    private mutating func place(_ child: Int) {
        let mask = slots.count - 1
        var slot = Self.hash(edges[child]) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(child)
    }

    @inline(__always)
    private static func edge(_ node: Int, _ token: TokenID) -> UInt64 {
        UInt64(truncatingIfNeeded: node) << 32 | UInt64(token)
    }

    @inline(__always)
    private static func hash(_ edge: UInt64) -> Int {
        Int(truncatingIfNeeded: (edge &* 0x9E37_79B9_7F4A_7C15) >> 33)
    }
}
