/// Finds the headings above passages, which are asked for in the order of their starts.
public struct HeadingPath {
    private let headings: [Heading]
    private var path: [Int] = []
    private var next = 0

    /// - Parameter headings: in the order of the text.
    public init(_ headings: [Heading]) { self.headings = headings }

    /// The indices of the headings of all sections that contain `offset`, outermost first. A heading that starts at `offset`
    /// is not among them, nor is one whose section ends there.
    ///
    /// - Complexity: O(headings) over all calls with ascending offsets.
    public mutating func indices(above offset: Int) -> [Int] {
        while next < headings.count, headings[next].range.lowerBound < offset {
            leaveSections(before: headings[next])
            path.append(next)
            next += 1
        }
        if next < headings.count, headings[next].range.lowerBound == offset { leaveSections(before: headings[next]) }
        return path
    }

    /// A heading ends the sections of its level and those below.
    private mutating func leaveSections(before heading: Heading) {
        while let last = path.last, headings[last].level >= heading.level { path.removeLast() }
    }
}
