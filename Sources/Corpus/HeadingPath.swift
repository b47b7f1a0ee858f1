import TrawlCore

/// Finds the headings above passages, which are asked for in the order of their starts.
public struct HeadingPath {
    private let headings: [Heading]
    private let texts: [String]
    private let title: String
    private var path: [Int] = []
    private var next = 0

    /// - Parameters:
    ///   - headings: in the order of the text.
    ///   - texts: what they say.
    ///   - title: the document's; a heading that repeats it says nothing new and is left out.
    public init(_ headings: [Heading], texts: [String], title: String) {
        self.headings = headings
        self.texts = texts
        self.title = title
    }

    public init(_ document: Document) {
        self.init(
            document.headings, texts: document.headings.map { document.text.substring(utf8: $0.range) },
            title: document.title)
    }

    /// The indices of the headings of all sections that contain `offset`, outermost first. A heading that starts at `offset`
    /// is not among them.
    ///
    /// - Complexity: O(headings) over all calls with ascending offsets.
    mutating func above(_ offset: Int) -> [Int] {
        while next < headings.count, headings[next].range.lowerBound < offset {
            while let last = path.last, headings[last].level >= headings[next].level { path.removeLast() }
            path.append(next)
            next += 1
        }
        return path.filter { texts[$0] != title }
    }

    /// The texts of the headings above `offset`, outermost first.
    public mutating func texts(above offset: Int) -> [String] { above(offset).map { texts[$0] } }
}
