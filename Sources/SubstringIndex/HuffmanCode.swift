internal import CTrawlKernels

/// The codes of a Huffman-shaped wavelet matrix of degree 64: frequent symbols take part in few levels, which makes the
/// matrix as small as the entropy of its text and its frequent symbols fast to follow. The plain text is stored in
/// these codes too.
///
/// Lengths are Huffman's (1952) for digits 0...63, cut off at a depth that keeps rare symbols from being slow. Given how
/// many leaves each depth has, nodes are numbered as `rank.h` asks, the last ones of each depth are its leaves, and
/// symbols take them in ascending order (after Claude, Navarro and Ordonez, "The wavelet matrix", 2015).
struct HuffmanCode {
    /// The code of each symbol as `rank.h` defines it.
    private(set) var codes: [UInt32]
    /// The symbol of each leaf, depth after depth; `noSymbol` for a leaf that completes the tree.
    private(set) var leaves: [UInt32]
    /// The inner nodes at each depth; as many depths as the matrix has levels.
    private(set) var innerNodes: [Int]

    static let noSymbol = UInt32.max
    static let degree = Int(TRAWL_WAVELET_DEGREE)
    /// The bits of a digit.
    static let digitBits = Int(TRAWL_WAVELET_DIGIT_BITS)

    var levels: Int { innerNodes.count }

    /// - Parameter counts: how often each symbol occurs, every one at least once.
    /// - Complexity: O(sigma log sigma).
    init(counts: [UInt32]) {
        let lengths = Self.lengths(counts)
        let levels = Int(lengths.max() ?? 0)
        var bySize = [[UInt32]](repeating: [], count: levels + 1)
        for (symbol, length) in lengths.enumerated() { bySize[Int(length)].append(UInt32(symbol)) }
        codes = [UInt32](repeating: TRAWL_WAVELET_CODE_END, count: counts.count)
        leaves = []
        innerNodes = []
        guard levels > 0 else {
            leaves = bySize[0].isEmpty ? [Self.noSymbol] : bySize[0]
            return
        }
        innerNodes = [1]
        for depth in 1...levels {
            let nodes = Self.degree * innerNodes[depth - 1]
            // All but the deepest leaves have symbols: what completes the tree is what occurs least.
            let inner = depth < levels ? nodes - bySize[depth].count : 0
            for (place, symbol) in bySize[depth].enumerated() { codes[Int(symbol)] = code(inner + place, depth) }
            leaves += bySize[depth]
            leaves += repeatElement(Self.noSymbol, count: nodes - inner - bySize[depth].count)
            if depth < levels { innerNodes.append(inner) }
        }
    }

    /// The digits of all codes of a text in which symbols occur as often as `counts` says.
    func digitCount(_ counts: [UInt32]) -> Int {
        zip(codes, counts).reduce(0) { $0 + Self.length($1.0) * Int($1.1) }
    }

    /// The digits of `code`.
    static func length(_ code: UInt32) -> Int { (31 - code.trailingZeroBitCount) / digitBits }

    /// The code that leads to node `node` of `depth`.
    private func code(_ node: Int, _ depth: Int) -> UInt32 {
        var code = TRAWL_WAVELET_CODE_END >> UInt32(Self.digitBits * depth)
        var node = node
        for above in (0..<depth).reversed() {
            let (digit, parent) = node.quotientAndRemainder(dividingBy: innerNodes[above])
            code |= UInt32(digit) << UInt32(32 - Self.digitBits * (above + 1))
            node = parent
        }
        return code
    }

    /// The depth of each symbol, at most one more than a balanced tree would need: counts too small for that are
    /// raised, which costs little, since what is raised is rare.
    private static func lengths(_ counts: [UInt32]) -> [UInt8] {
        let balanced = (PackedIntegers.width(bound: counts.count) + digitBits - 1) / digitBits
        let limit = min(balanced + 1, Int(TRAWL_WAVELET_MAX_LEVELS))
        var floor: UInt64 = 1
        while true {
            let lengths = huffmanLengths(counts.map { max(UInt64($0), floor) })
            if Int(lengths.max() ?? 0) <= limit { return lengths }
            floor *= 2
        }
    }

    /// Huffman's lengths, by merging the 64 lightest trees until one is left.
    private static func huffmanLengths(_ weights: [UInt64]) -> [UInt8] {
        guard weights.count > 1 else { return weights.map { _ in 0 } }
        // Leaves without a symbol make every merge one of 64.
        let missing = (degree - 1 - (weights.count - 1) % (degree - 1)) % (degree - 1)
        let order = weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) }
        let leafCount = weights.count + missing
        let total = leafCount + (leafCount - 1) / (degree - 1)
        // Leaves ascending, then inner nodes as they are made, which is ascending too: two queues in one array.
        var weight = [UInt64](repeating: 0, count: total)
        for (place, symbol) in order.enumerated() { weight[missing + place] = weights[symbol] }
        var parent = [Int](repeating: 0, count: total)
        var (leaf, inner) = (0, leafCount)
        for node in leafCount..<total {
            for _ in 0..<degree {
                let takesLeaf = leaf < leafCount && (inner == node || weight[leaf] <= weight[inner])
                let child = takesLeaf ? leaf : inner
                if takesLeaf { leaf += 1 } else { inner += 1 }
                parent[child] = node
                weight[node] += weight[child]
            }
        }
        var depth = [UInt8](repeating: 0, count: total)
        for node in (0..<(total - 1)).reversed() { depth[node] = depth[parent[node]] + 1 }
        var lengths = [UInt8](repeating: 0, count: weights.count)
        for (place, symbol) in order.enumerated() { lengths[symbol] = depth[missing + place] }
        return lengths
    }
}
