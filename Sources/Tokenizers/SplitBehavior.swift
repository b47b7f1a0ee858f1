/// What becomes of the matches when a text is cut at them.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}

/// Collects the pieces of one text while its matches come in, from left to right.
struct Cutter {
    let behavior: SplitBehavior
    let isInverted: Bool
    var pieces: [Piece] = []
    private var piece = Piece(start: 0, end: 0)
    private var firstPiece = 0
    private var done = 0
    private var spans: [(start: Int, end: Int, isMatch: Bool)] = []

    init(behavior: SplitBehavior, isInverted: Bool) {
        self.behavior = behavior
        self.isInverted = isInverted
    }

    mutating func begin(_ piece: Piece) {
        self.piece = piece
        firstPiece = pieces.count
        done = piece.start
        spans.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func match(_ start: Int, _ end: Int) {
        if done < start { add(done, start, isInverted) }
        add(start, end, !isInverted)
        done = end
    }

    mutating func finish() {
        if done < piece.end { add(done, piece.end, isInverted) }
        if behavior == .isolated || behavior == .removed { return }
        join()
    }

    @inline(__always)
    private mutating func add(_ start: Int, _ end: Int, _ isMatch: Bool) {
        switch behavior {
        case .isolated: if start < end { pieces.append(Piece(start: start, end: end)) }
        case .removed: if start < end, !isMatch { pieces.append(Piece(start: start, end: end)) }
        default: spans.append((start, end, isMatch))
        }
    }

    private mutating func join() {
        var joined: [(start: Int, end: Int)] = []
        var wasMatch = false
        if behavior == .mergedWithNext {
            for span in spans.reversed() {
                if span.isMatch, !wasMatch, !joined.isEmpty {
                    joined[joined.count - 1].start = span.start
                } else {
                    joined.append((span.start, span.end))
                }
                wasMatch = span.isMatch
            }
            joined.reverse()
        } else {
            for span in spans {
                let joins = behavior == .contiguous ? span.isMatch == wasMatch : span.isMatch && !wasMatch
                if joins, !joined.isEmpty {
                    joined[joined.count - 1].end = span.end
                } else {
                    joined.append((span.start, span.end))
                }
                wasMatch = span.isMatch
            }
        }
        for part in joined where part.start < part.end { pieces.append(Piece(start: part.start, end: part.end)) }
    }
}
