/// The parts of a passage that a model reads one by one because it cannot read all at once.
struct PassageWindows: Equatable {
    /// The tokens that a window shares with the one before, unless half a window is less.
    static let overlap = 32

    /// In tokens of the passage, in their order; one for a passage that fits.
    let ranges: [Range<Int>]
    /// Whether tokens at the end are in no window.
    let isCut: Bool

    /// - Parameters:
    ///   - count: the passage's tokens.
    ///   - size: the tokens of a window, at least 1.
    ///   - most: the most windows, at least 1.
    init(count: Int, size: Int, most: Int) {
        guard count > size else {
            ranges = [0..<count]
            isCut = false
            return
        }
        let step = size - min(Self.overlap, size / 2)
        let needed = 1 + (count - size + step - 1) / step
        var ranges = (0..<min(needed, most)).map { $0 * step..<$0 * step + size }
        isCut = needed > most
        // The last window is a whole one too.
        if !isCut { ranges[ranges.count - 1] = count - size..<count }
        self.ranges = ranges
    }
}
