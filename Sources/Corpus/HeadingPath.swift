/// Finds the headings above passages, which are asked for in the order of their starts.
public struct HeadingPath {
    private let headings: [Heading]
    private var path: [Int] = []
    private var next = 0

    /// - Parameter headings: in the order of the text.
    public init(_ headings: [Heading]) { self.headings = headings }

    /// The indices of the headings of all sections that contain `offset`, outermost first. A heading that starts at `offset`
    /// is not among them.
    ///
    /// - Complexity: O(headings) over all calls with ascending offsets.
    public mutating func indices(above offset: Int) -> [Int] {
        while next < headings.count, headings[next].range.lowerBound < offset {
            while let last = path.last, headings[last].level >= headings[next].level { path.removeLast() }
            path.append(next)
            next += 1
        }
        return path
    }
}
