package import TrawlCore

/// Makes SentencePiece's precompiled normalisation map, see `CharactersMap`, of what stands for single characters.
///
/// The array is that of darts-clone (github.com/s-yata/darts-clone): a unit holds the label of its node in the low byte, the
/// distance to the node's children by exclusive or from bit 10 on, and in bit 8 whether a key ends there.
package struct CharactersMapWriter {
    private struct Node {
        var children: [(label: UInt8, node: Int)] = []
        /// Where the text of the key that ends here begins.
        var text: UInt32?
    }

    private var nodes = [Node()]
    private var texts: [UInt8] = []

    package init() {}

    /// `replacement` stands for `character` from now on. Neither may hold U+0000.
    package mutating func add(_ character: Unicode.Scalar, replacement: [Unicode.Scalar]) {
        precondition(character.value != 0 && !replacement.contains { $0.value == 0 })
        var node = 0
        for byte in String(character).utf8 {
            if let next = nodes[node].children.first(where: { $0.label == byte })?.node {
                node = next
                continue
            }
            nodes.append(Node())
            nodes[node].children.append((byte, nodes.count - 1))
            node = nodes.count - 1
        }
        nodes[node].text = UInt32(texts.count)
        for scalar in replacement { texts.append(contentsOf: String(scalar).utf8) }
        texts.append(0)
    }

    /// The map: byte count of the array, the array, the texts.
    ///
    /// - Throws: `TrawlError.unsupported` for more characters than an array of this form can have.
    /// - Complexity: O(characters x units that are taken in the block at hand).
    package func blob() throws(TrawlError) -> [UInt8] {
        var array = DoubleArray()
        var waiting = [(node: 0, unit: 0)]
        while let (index, unit) = waiting.popLast() {
            let node = nodes[index]
            let labels = (node.text == nil ? [] : [0]) + node.children.map(\.label)
            guard !labels.isEmpty else { continue }
            let base = array.place(labels)
            let distance = unit ^ base
            guard distance < 1 << 21, texts.count < 1 << 31 else {
                throw TrawlError(.unsupported, "the normalisation map has too many characters")
            }
            array.units[unit] |= UInt32(distance) << 10
            if let text = node.text {
                array.units[unit] |= 1 << 8
                array.units[base] = text | 1 << 31
            }
            for (label, child) in node.children {
                array.units[base ^ Int(label)] = UInt32(label)
                waiting.append((child, base ^ Int(label)))
            }
        }
        var blob = withUnsafeBytes(of: UInt32(array.units.count * 4).littleEndian) { Array($0) }
        for unit in array.units { withUnsafeBytes(of: unit.littleEndian) { blob.append(contentsOf: $0) } }
        return blob + texts
    }
}

/// The units of a trie's nodes, and which of them are taken. Whole blocks of 256, so that every label leads inside.
private struct DoubleArray {
    var units = [UInt32](repeating: 0, count: 256)
    private var isTaken = [Bool](repeating: false, count: 256)
    private var isBase = [Bool](repeating: false, count: 256)
    /// The first block with units to spare.
    private var block = 0

    init() { isTaken[0] = true }

    /// Takes the units `base ^ label` of a base that no other node has.
    mutating func place(_ labels: [UInt8]) -> Int {
        if (0..<256).allSatisfy({ isTaken[256 * block + $0] }) { block += 1 }
        var base = 256 * block
        while true {
            if base | 255 >= units.count {
                units.append(contentsOf: repeatElement(0, count: 256))
                isTaken.append(contentsOf: repeatElement(false, count: 256))
                isBase.append(contentsOf: repeatElement(false, count: 256))
            }
            if !isBase[base], labels.allSatisfy({ !isTaken[base ^ Int($0)] }) { break }
            base += 1
        }
        isBase[base] = true
        for label in labels { isTaken[base ^ Int(label)] = true }
        return base
    }
}
