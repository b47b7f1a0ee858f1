import CTrawlXML2
import Glibc

/// What is done at each node of a tree.
protocol XMLVisitor {
    /// Whether the rest of the tree does not count.
    var isFinished: Bool { get }
    /// False when nothing below the node counts.
    mutating func enter(_ node: UnsafeMutablePointer<xmlNode>) -> Bool
    mutating func leave(_ node: UnsafeMutablePointer<xmlNode>)
}

extension XMLVisitor {
    var isFinished: Bool { false }

    /// Goes through a tree in the order of its text, without recursion, since trees may be deep.
    mutating func visit(_ root: UnsafeMutablePointer<xmlNode>) {
        var node = root
        while true {
            if enter(node), let child = node.pointee.children {
                node = child
                continue
            }
            while true {
                leave(node)
                if node == root || isFinished { return }
                if let next = node.pointee.next {
                    node = next
                    break
                }
                guard let parent = node.pointee.parent else { return }
                node = parent
            }
        }
    }
}

extension UnsafeMutablePointer<xmlNode> {
    /// The local name of an element, without a prefix.
    var elementName: String {
        guard pointee.type == XML_ELEMENT_NODE, let name = pointee.name else { return "" }
        return String(cString: name)
    }

    /// The text of a text node, which is valid as long as the tree.
    var textContent: UnsafePointer<UInt8>? {
        guard pointee.type == XML_TEXT_NODE || pointee.type == XML_CDATA_SECTION_NODE else { return nil }
        return UnsafePointer(pointee.content)
    }

    /// The value of an attribute by its local name, in any namespace; empty when it has none.
    func attribute(_ name: String) -> String? {
        var attribute = pointee.properties
        while let current = attribute {
            if let found = current.pointee.name, strcmp(found, name) == 0 {
                guard let value = current.pointee.children?.pointee.content else { return "" }
                return String(cString: value)
            }
            attribute = current.pointee.next
        }
        return nil
    }

    private func strcmp(_ a: UnsafePointer<UInt8>, _ b: String) -> Int32 {
        a.withMemoryRebound(to: CChar.self, capacity: 1) { Glibc.strcmp($0, b) }
    }
}

/// The bytes of a C string.
struct CStringBytes: Sequence, IteratorProtocol {
    private var pointer: UnsafePointer<UInt8>

    init(_ pointer: UnsafePointer<UInt8>) { self.pointer = pointer }

    mutating func next() -> UInt8? {
        let byte = pointer.pointee
        if byte == 0 { return nil }
        pointer += 1
        return byte
    }
}
