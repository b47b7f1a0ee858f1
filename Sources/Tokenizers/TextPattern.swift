/// What `Split` and `Replace` look for.
enum TextPattern: Sendable {
    case string([UInt8])
    case expression(RegularExpression)

    /// Reports the matches within a piece from left to right; none overlap.
    @inline(__always)
    func matches(
        in text: UnsafeBufferPointer<UInt8>, _ piece: Piece, _ stack: inout RegexStack, _ report: (Int, Int) -> Void
    ) {
        switch self {
        case .expression(let expression): expression.matches(in: text, piece, &stack, report)
        case .string(let pattern):
            guard let first = pattern.first else { return }
            var position = piece.start
            while position + pattern.count <= piece.end {
                if text[position] == first, text[position..<(position + pattern.count)].elementsEqual(pattern) {
                    report(position, position + pattern.count)
                    position += pattern.count
                } else {
                    position += 1
                }
            }
        }
    }
}
