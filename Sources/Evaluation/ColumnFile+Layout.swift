import TrawlCore

extension ColumnFile {
    /// How the lines of a file are cut into columns.
    struct Layout: Equatable {
        let separator: Separator
        let columns: Int
    }

    /// What a whole file says about its layout.
    struct LayoutChoice {
        /// The first of the layouts that all lines fit; otherwise the one that most lines fit. Nil when none fits any.
        let best: Layout?
        /// Others that all lines fit as well and that would give other columns.
        let rivals: [Layout]
    }

    /// Counts the lines that fit each of `layouts`, which are in order of preference.
    ///
    /// - Complexity: O(bytes).
    func choose(among layouts: [Layout]) throws(TrawlError) -> LayoutChoice {
        var fits = [Int](repeating: 0, count: layouts.count)
        var lines = 0
        try forEachLine { (_, line) throws(TrawlError) in
            lines += 1
            let (tabs, blanks) = (fieldCount(line, .tabs), fieldCount(line, .blanks))
            for (number, layout) in layouts.enumerated() where fit(layout, tabs: tabs, blanks: blanks) {
                fits[number] += 1
            }
        }
        guard let most = fits.max(), most > 0, let best = fits.firstIndex(of: most) else {
            return LayoutChoice(best: nil, rivals: [])
        }
        let rivals = layouts.indices.filter {
            most == lines && $0 != best && fits[$0] == lines && layouts[$0].columns != layouts[best].columns
        }
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

    func fieldCount(_ line: Range<Int>, _ separator: Separator) -> Int {
        var count = 0
        var isInField = false
        for position in line {
            switch separator {
            case .tabs: if bytes[position] == 0x09 { count += 1 }
            case .blanks:
                let isBlank = Self.isBlank(bytes[position])
                if !isBlank, !isInField { count += 1 }
                isInField = !isBlank
            }
        }
        return separator == .tabs ? count + 1 : count
    }
}
