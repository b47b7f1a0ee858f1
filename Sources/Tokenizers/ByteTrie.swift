/// A trie over bytes whose edges lie in one open-addressed table: node x byte -> node.
struct ByteTrie: Sendable {
    private struct Edge {
        /// Parent << 8 | byte, plus one; 0 for a free slot.
        var key: UInt64 = 0
        var child: UInt32 = 0
    }
    private var edges = [Edge](repeating: Edge(), count: 64)
    private var edgeCount = 0
    /// The value of each node; `UInt32.max` where no key ends.
    private var values: [UInt32] = [.max]
    /// The first step, which needs no probing.
    private var roots = [UInt32](repeating: 0, count: 256)

    /// A later value for the same key replaces an earlier one.
    mutating func insert(_ key: UnsafeBufferPointer<UInt8>, value: UInt32) {
        var node: UInt32 = 0
        for byte in key {
            if let next = child(node, byte) {
                node = next
                continue
            }
            let next = UInt32(values.count)
            values.append(.max)
            if node == 0 { roots[Int(byte)] = next } else { addEdge(node, byte, next) }
            node = next
        }
        values[Int(node)] = value
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        let mask = edges.count - 1
        var index = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 28) & mask
        while edges[index].key != key, edges[index].key != 0 { index = (index + 1) & mask }
        return index
    }

    private mutating func addEdge(_ node: UInt32, _ byte: UInt8, _ child: UInt32) {
        if (edgeCount + 1) * 2 > edges.count {
            let old = edges
            edges = [Edge](repeating: Edge(), count: old.count * 2)
            for edge in old where edge.key != 0 { edges[slot(edge.key)] = edge }
        }
        let key = (UInt64(node) << 8 | UInt64(byte)) + 1
        edges[slot(key)] = Edge(key: key, child: child)
        edgeCount += 1
    }

    /// The node after `byte`, from the root 0; nil where no key goes on so.
    @inline(__always)
    func child(_ node: UInt32, _ byte: UInt8) -> UInt32? {
        if node == 0 {
            let child = roots[Int(byte)]
            return child == 0 ? nil : child
        }
        let key = (UInt64(node) << 8 | UInt64(byte)) + 1
        let edge = edges[slot(key)]
        return edge.key == 0 ? nil : edge.child
    }

    /// The value of the key that ends in `node`.
    @inline(__always)
    func value(_ node: UInt32) -> UInt32? {
        let value = values[Int(node)]
        return value == .max ? nil : value
    }

    /// The longest key that stands at `position`.
    @inline(__always)
    func longest(_ text: UnsafeBufferPointer<UInt8>, _ position: Int, _ end: Int) -> (value: UInt32, length: Int)? {
        var node: UInt32 = 0
        var best: (value: UInt32, length: Int)?
        var index = position
        while index < end, let next = child(node, text[index]) {
            node = next
            index += 1
            if let value = value(node) { best = (value, index - position) }
        }
        return best
    }
}
