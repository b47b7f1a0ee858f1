/// Keeps pages within what libxml2 parses in linear time: its work grows with the product of elements and open elements,
/// and with the square of the attributes of one element.
enum HTMLBounds {
    /// Elements that may be open at once; tags of deeper ones are dropped, their text stays.
    static let openElements = 256
    /// Attributes of one element; further ones are dropped.
    static let attributes = 64
    /// What the parser may reach, which differs from our count where end tags may be omitted.
    static let parserDepth = 1024

    /// The page within the bounds; nil when it is so already.
    ///
    /// - Complexity: O(n).
    static func bounded(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var scan = HTMLTagScan(bytes)
        scan.run()
        return scan.finished()
    }
}

/// A pass over the tags of a page.
private struct HTMLTagScan {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// The names of open elements, and how many of each are open.
    private var open: [UInt64] = []
    private var openCount: [UInt64: Int] = [:]
    /// The page so far with what is over the bounds left out; empty while nothing is.
    private var output: [UInt8] = []
    private var copied = 0
    private var isOverBounds = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    func finished() -> [UInt8]? {
        guard isOverBounds else { return nil }
        return (output + bytes[copied...]).map { $0 == 0 ? 0x20 : $0 }
    }

    mutating func run() {
        while let start = next(0x3C, from: position), start + 1 < bytes.count {
            position = start + 1
            switch bytes[position] {
            case UInt8(ascii: "!"), UInt8(ascii: "?"): skipDeclaration()
            case UInt8(ascii: "/"): endTag(from: start)
            case let byte where isLetter(byte): startTag(from: start)
            default: break
            }
        }
    }

    private func next(_ byte: UInt8, from start: Int) -> Int? { bytes[start...].firstIndex(of: byte) }

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 9...13 ~= byte }

    private mutating func skipDeclaration() {
        guard bytes[position...].starts(with: "!--".utf8) else {
            position = next(0x3E, from: position).map { $0 + 1 } ?? bytes.count
            return
        }
        var end = position + 3
        while let dash = next(0x2D, from: end) {
            if bytes[dash...].starts(with: "-->".utf8) {
                position = dash + 3
                return
            }
            end = dash + 1
        }
        position = bytes.count
    }

    /// The first eight bytes of the name at `position` in lower case, which tell all elements of HTML apart well enough.
    private mutating func takeName() -> UInt64 {
        var name: UInt64 = 0
        var length = 0
        while position < bytes.count {
            let byte = bytes[position]
            if isSpace(byte) || byte == 0x3E || byte == 0x2F || byte == 0x3C { break }
            if length < 8 { name = name << 8 | UInt64(byte | 0x20) }
            length += 1
            position += 1
        }
        return name
    }

    private mutating func endTag(from start: Int) {
        position += 1
        let name = takeName()
        position = next(0x3E, from: position).map { $0 + 1 } ?? bytes.count
        guard openCount[name, default: 0] > 0 else {
            // An end without a beginning makes the parser look through all that is open.
            if isOverBounds { drop(from: start, block: false) }
            return
        }
        var depth = open.count
        while let last = open.popLast() {
            depth -= 1
            openCount[last, default: 1] -= 1
            if last == name { break }
        }
        if depth >= HTMLBounds.openElements { drop(from: start, block: HTMLNames.isBlock(name)) }
    }

    private mutating func startTag(from start: Int) {
        let name = takeName()
        let isEmpty = skipAttributes()
        if name == HTMLNames.script || name == HTMLNames.style { return skipRawText(name) }
        if isEmpty || HTMLNames.void.contains(name) { return }
        closeImplied(name)
        if open.count >= HTMLBounds.openElements { drop(from: start, block: HTMLNames.isBlock(name)) }
        open.append(name)
        openCount[name, default: 0] += 1
    }

    /// Moves past the tag; true when it ends in `/>`.
    private mutating func skipAttributes() -> Bool {
        var count = 0
        var end = position
        var wasSlash = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x3E {
                if count > HTMLBounds.attributes {
                    copy(upTo: end)
                    copied = position
                }
                position += 1
                return wasSlash
            }
            wasSlash = byte == 0x2F
            if isSpace(byte) || byte == 0x2F {
                position += 1
                continue
            }
            count += 1
            skipAttribute()
            if count <= HTMLBounds.attributes { end = position }
        }
        return false
    }

    private mutating func skipAttribute() {
        // A stray = or quote is the name of an attribute, or part of one.
        position += 1
        while position < bytes.count, !isSpace(bytes[position]), ![0x3D, 0x3E, 0x2F].contains(bytes[position]) {
            position += 1
        }
        var value = position
        while value < bytes.count, isSpace(bytes[value]) { value += 1 }
        guard value < bytes.count, bytes[value] == 0x3D else { return }
        value += 1
        while value < bytes.count, isSpace(bytes[value]) { value += 1 }
        position = value
        guard value < bytes.count else { return }
        if bytes[value] == 0x22 || bytes[value] == 0x27 {
            position = next(bytes[value], from: value + 1).map { $0 + 1 } ?? bytes.count
        } else {
            while position < bytes.count, !isSpace(bytes[position]), bytes[position] != 0x3E { position += 1 }
        }
    }

    /// Moves to the end tag of a script or a style.
    private mutating func skipRawText(_ name: UInt64) {
        while let tag = next(0x3C, from: position) {
            position = tag + 1
            guard position < bytes.count, bytes[position] == 0x2F else { continue }
            position += 1
            if takeName() == name {
                position = tag
                // The end tag closes nothing that we count.
                position = next(0x3E, from: position).map { $0 + 1 } ?? bytes.count
                return
            }
        }
        position = bytes.count
    }

    /// Closes what a start tag closes by itself: an element of the same name, in a run of those whose end may be omitted.
    private mutating func closeImplied(_ name: UInt64) {
        guard HTMLNames.omittableEnds.contains(name) else { return }
        var index = open.count
        while index > 0, HTMLNames.omittableEnds.contains(open[index - 1]) {
            index -= 1
            guard open[index] == name else { continue }
            for closed in open[index...] { openCount[closed, default: 1] -= 1 }
            open.removeSubrange(index...)
            return
        }
    }

    private mutating func copy(upTo end: Int) {
        isOverBounds = true
        if copied < end { output += bytes[copied..<end] }
    }

    /// Leaves out the tag from `start` to `position`; what a block parts stays apart.
    private mutating func drop(from start: Int, block: Bool) {
        copy(upTo: start)
        if block { output += "<br>".utf8 }
        copied = position
    }
}

private enum HTMLNames {
    static let script = packed("script")
    static let style = packed("style")
    static let void = Set(
        [
            "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param",
            "source", "track", "wbr",
        ].map(packed))
    static let omittableEnds = Set(
        [
            "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup", "rt",
            "rp",
        ].map(packed))
    private static let blocks = Set(HTMLText.blocks.map(packed))

    static func isBlock(_ name: UInt64) -> Bool { blocks.contains(name) }

    private static func packed(_ name: String) -> UInt64 {
        name.utf8.prefix(8).reduce(0) { $0 << 8 | UInt64($1 | 0x20) }
    }
}
