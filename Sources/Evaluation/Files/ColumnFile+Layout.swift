import TrawlCore

extension ColumnFile {
    /// How the lines of a file are cut into columns.
    struct Layout: Equatable {
        let separator: Separator
        let columns: Int
    }

    /// What a whole file says about its layout.
    struct LayoutChoice {
        /// The first of the layouts that all lines fit; otherwise the one that most lines fit, the first line before
        /// others. Nil when none fits any.
        let best: Layout?
        /// Others that all lines fit as well and that would give other columns.
        let rivals: [Layout]
    }

    /// Counts the lines that fit each of `layouts`, which are in order of preference.
    ///
    /// - Complexity: O(bytes).
    func choose(among layouts: [Layout]) -> LayoutChoice {
        var fits = [Int](repeating: 0, count: layouts.count)
        var isFirstFit = [Bool](repeating: false, count: layouts.count)
        var (lines, tabbed) = (0, 0)
        forEachLine { _, line in
            lines += 1
            let (tabs, blanks) = fieldCounts(line)
            if tabs > 1 { tabbed += 1 }
            for (number, layout) in layouts.enumerated() where fit(layout, tabs: tabs, blanks: blanks) {
                fits[number] += 1
                if lines == 1 { isFirstFit[number] = true }
            }
        }
        let possible = layouts.indices.filter { fits[$0] > 0 && (layouts[$0].separator == .blanks || tabbed > 0) }
        guard let most = possible.map({ fits[$0] }).max() else { return LayoutChoice(best: nil, rivals: []) }
        let fittest = possible.filter { fits[$0] == most }
        guard let best = most == lines ? fittest.first : fittest.first(where: { isFirstFit[$0] }) ?? fittest.first
        else {
            return LayoutChoice(best: nil, rivals: [])
        }
        let rivals = fittest.filter { most == lines && layouts[$0].columns != layouts[best].columns }
        return LayoutChoice(best: layouts[best], rivals: rivals.map { layouts[$0] })
    }

    /// The fields of `line` under `layout`; of another number if it does not fit.
    ///
    /// A line without tabs may be separated by blanks in a file that tabs separate otherwise. Blanks around a field do
    /// not belong to it.
    func fields(of line: Range<Int>, _ layout: Layout, into fields: inout [Range<Int>]) {
        fields.removeAll(keepingCapacity: true)
        split(line, layout.separator, into: &fields)
        if layout.separator == .tabs, fields.count == 1 {
            fields.removeAll(keepingCapacity: true)
            split(line, .blanks, into: &fields)
        } else if layout.separator == .tabs {
            bytes.withUnsafeBufferPointer { bytes in
                for number in fields.indices { fields[number] = Self.trimmed(fields[number], bytes) }
            }
        }
    }

    /// The field without the blanks around it.
    static func trimmed(_ field: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        var (start, end) = (field.lowerBound, field.upperBound)
        while start < end, isBlank(bytes[start]) { start += 1 }
        while start < end, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private func fit(_ layout: Layout, tabs: Int, blanks: Int) -> Bool {
        switch layout.separator {
        case .tabs: tabs == layout.columns || tabs == 1 && blanks == layout.columns
        case .blanks: blanks == layout.columns
        }
    }

    /// The numbers of fields when `line` is split at every tab and at runs of blanks.
    func fieldCounts(_ line: Range<Int>) -> (tabs: Int, blanks: Int) {
        bytes.withUnsafeBufferPointer { bytes in
            var (tabs, blanks, isInField) = (1, 0, false)
            for position in line {
                let byte = bytes[position]
                if byte == 0x09 { tabs += 1 }
                let isBlank = Self.isBlank(byte)
                if !isBlank, !isInField { blanks += 1 }
                isInField = !isBlank
            }
            return (tabs, blanks)
        }
    }
}
