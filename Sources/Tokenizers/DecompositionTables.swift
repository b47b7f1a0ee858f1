/// Decompositions and compositions of single scalars, read once from the text tables beside this file.
enum DecompositionTables {
    private struct Table: Sendable {
        /// For each scalar below the limit where its parts start in `parts`, plus one; 0 for none.
        var starts = [UInt16](repeating: 0, count: 0x30000)
        var parts: [UInt32] = []
        var compositions: [UInt64: UInt32] = [:]
    }

    private static let canonical = read(canonicalDecompositions)
    private static let compatible = read(compatibilityDecompositions)

    private static let hangul = (base: UInt32(0xAC00), l: UInt32(0x1100), v: UInt32(0x1161), t: UInt32(0x11A7))

    /// Entries part by spaces: `SCALAR=PART,PART` in hexadecimal digits; `!` in place of `=` where the parts do not
    /// compose again; `SCALAR+COUNT=PART` for a run of scalars that go to a run of parts.
    private static func read(_ text: String) -> Table {
        var table = Table()
        var sequences: [[UInt32]: UInt32] = [:]
        var composed: [(UInt32, [UInt32])] = []
        func number(_ digits: Substring) -> UInt32 { UInt32(digits, radix: 16) ?? 0 }
        for entry in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let isExcluded = entry.contains("!")
            let sides = entry.split(whereSeparator: { $0 == "=" || $0 == "!" })
            guard sides.count == 2 else { continue }
            let left = sides[0].split(separator: "+")
            let first = number(left[0])
            let count = left.count == 2 ? number(left[1]) : 1
            let parts = sides[1].split(separator: ",").map(number)
            for offset in 0..<count where Int(first + offset) < table.starts.count {
                table.starts[Int(first + offset)] = UInt16(table.parts.count + 1)
                table.parts.append(UInt32(parts.count))
                let shifted = parts.map { $0 + offset }
                table.parts += shifted
                if !isExcluded, parts.count > 1 {
                    sequences[shifted] = first + offset
                    composed.append((first + offset, shifted))
                }
            }
        }
        for (scalar, parts) in composed {
            guard let last = parts.last else { continue }
            let head = Array(parts.dropLast())
            guard let first = head.count == 1 ? head[0] : sequences[head] else { continue }
            table.compositions[UInt64(first) << 32 | UInt64(last)] = scalar
        }
        return table
    }

    static func forEachCanonical(_ scalar: UInt32, _ body: (UInt32) -> Void) {
        forEach(scalar, compatible: false, body)
    }

    /// The full decomposition of a scalar; itself when it has none.
    static func forEach(_ scalar: UInt32, compatible isCompatible: Bool, _ body: (UInt32) -> Void) {
        if scalar < 0xA0 { return body(scalar) }
        if scalar >= hangul.base, scalar < hangul.base + 11172 {
            let index = scalar - hangul.base
            body(hangul.l + index / 588)
            body(hangul.v + index % 588 / 28)
            if !index.isMultiple(of: 28) { body(hangul.t + index % 28) }
            return
        }
        if isCompatible, visit(compatible, scalar, body) { return }
        if visit(canonical, scalar, body) { return }
        body(scalar)
    }

    @inline(__always)
    private static func visit(_ table: borrowing Table, _ scalar: UInt32, _ body: (UInt32) -> Void) -> Bool {
        guard Int(scalar) < table.starts.count else { return false }
        let start = Int(table.starts[Int(scalar)])
        guard start > 0 else { return false }
        for index in start..<(start + Int(table.parts[start - 1])) { body(table.parts[index]) }
        return true
    }

    /// The primary composite of two scalars.
    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first >= hangul.l, first < hangul.l + 19, second >= hangul.v, second < hangul.v + 21 {
            return hangul.base + ((first - hangul.l) * 21 + second - hangul.v) * 28
        }
        if first >= hangul.base, first < hangul.base + 11172, (first - hangul.base).isMultiple(of: 28),
            second > hangul.t, second < hangul.t + 28
        {
            return first + second - hangul.t
        }
        return second < 0x80 ? nil : canonical.compositions[UInt64(first) << 32 | UInt64(second)]
    }

    static func combiningClass(_ scalar: UInt32) -> UInt8 {
        if scalar < 0x300 { return 0 }
        return Unicode.Scalar(scalar)?.properties.canonicalCombiningClass.rawValue ?? 0
    }
}
