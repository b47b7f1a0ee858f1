/// Cuts the normalised text into pieces that the model looks at one by one.
enum PreTokenizer: Sendable {
    /// White space away, each punctuation mark by itself.
    case bert
    /// GPT-2: words by a fixed expression, bytes written as printable characters unless the model takes them raw.
    case byteLevel(addsPrefixSpace: Bool, pattern: RegularExpression?, writesBytes: Bool)
    case split(TextPattern, SplitBehavior, isInverted: Bool)
    /// Runs of word characters and runs of what is neither word nor space.
    case whitespace
    case whitespaceSplit
    /// SentencePiece: spaces written as `replacement`, pieces beginning with it.
    case metaspace(replacement: UInt32, PrependScheme, splits: Bool)
    case digits(individually: Bool)
    case punctuation(SplitBehavior)
    case delimiter(UInt32)

    enum PrependScheme: String, Sendable {
        case always, first, never
    }

    var needsOffsets: Bool {
        if case .metaspace(_, .first, _) = self { return true }
        return false
    }

    func apply(
        to text: inout AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece], _ stack: inout RegexStack
    ) {
        switch self {
        case .byteLevel(let addsPrefixSpace, let pattern, let writesBytes):
            if addsPrefixSpace { PreTokenizer.addPrefixSpace(&text, &pieces, &newPieces) }
            if let pattern {
                cut(text, &pieces, &newPieces) { bytes, piece, cutter in
                    pattern.matches(in: bytes, piece, &stack) { cutter.match($0, $1) }
                }
            }
            if writesBytes { ByteAlphabet.write(&text, &pieces, &newPieces) }
        case .metaspace(let replacement, let scheme, let splits):
            PreTokenizer.metaspace(replacement, scheme, splits, &text, &pieces, &newPieces)
        case .split(let pattern, let behavior, let isInverted):
            cut(text, &pieces, &newPieces, behavior, isInverted) { bytes, piece, cutter in
                pattern.matches(in: bytes, piece, &stack) { cutter.match($0, $1) }
            }
        case .bert: bert(text, &pieces, &newPieces)
        case .whitespace: words(text, &pieces, &newPieces)
        case .whitespaceSplit: scalars(text, &pieces, &newPieces, .removed) { ScalarProperties.of($0).isWhitespace }
        case .digits(let individually):
            scalars(text, &pieces, &newPieces, individually ? .isolated : .contiguous) { scalar in
                scalar < 0x80 ? scalar &- 48 < 10 : ScalarProperties.of(scalar).isNumeric
            }
        case .punctuation(let behavior):
            scalars(text, &pieces, &newPieces, behavior) { ScalarProperties.of($0).isPunctuation }
        case .delimiter(let delimiter): scalars(text, &pieces, &newPieces, .removed) { $0 == delimiter }
        }
    }

    /// Cuts every piece at the matches that `find` reports to the cutter, in order.
    @inline(__always)
    private func cut(
        _ text: borrowing AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece],
        _ behavior: SplitBehavior = .isolated, _ isInverted: Bool = false,
        find: (UnsafeBufferPointer<UInt8>, Piece, inout Cutter) -> Void
    ) {
        newPieces.removeAll(keepingCapacity: true)
        var cutter = Cutter(behavior: behavior, isInverted: isInverted)
        swap(&cutter.pieces, &newPieces)
        text.bytes.withUnsafeBufferPointer { bytes in
            for piece in pieces {
                if piece.token != nil {
                    cutter.pieces.append(piece)
                    continue
                }
                cutter.begin(piece)
                find(bytes, piece, &cutter)
                cutter.finish()
            }
        }
        swap(&cutter.pieces, &newPieces)
        swap(&pieces, &newPieces)
    }

    /// Cuts at single scalars, each a match of its own.
    @inline(__always)
    private func scalars(
        _ text: borrowing AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece], _ behavior: SplitBehavior,
        where isMatch: (UInt32) -> Bool
    ) {
        cut(text, &pieces, &newPieces, behavior) { bytes, piece, cutter in
            var position = piece.start
            while position < piece.end {
                let next = UTF8Text.decode(bytes, position)
                if isMatch(next.scalar) { cutter.match(position, position + next.width) }
                position += next.width
            }
        }
    }

    private func bert(_ text: borrowing AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece]) {
        newPieces.removeAll(keepingCapacity: true)
        text.bytes.withUnsafeBufferPointer { bytes in
            for piece in pieces {
                if piece.token != nil {
                    newPieces.append(piece)
                    continue
                }
                var start = piece.start
                var position = piece.start
                while position < piece.end {
                    let next = UTF8Text.decode(bytes, position)
                    let properties = ScalarProperties.of(next.scalar)
                    let end = position + next.width
                    if properties.isWhitespace || properties.isPunctuation {
                        if start < position { newPieces.append(Piece(start: start, end: position)) }
                        if !properties.isWhitespace { newPieces.append(Piece(start: position, end: end)) }
                        start = end
                    }
                    position = end
                }
                if start < piece.end { newPieces.append(Piece(start: start, end: piece.end)) }
            }
        }
        swap(&pieces, &newPieces)
    }

    private func words(_ text: borrowing AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece]) {
        cut(text, &pieces, &newPieces, .removed, true) { bytes, piece, cutter in
            var start = piece.start
            var position = piece.start
            var kind = 0
            while position < piece.end {
                let next = UTF8Text.decode(bytes, position)
                let properties = ScalarProperties.of(next.scalar)
                let nextKind = properties.isWord ? 1 : properties.isWhitespace ? 0 : 2
                if nextKind != kind {
                    if kind != 0 { cutter.match(start, position) }
                    start = position
                    kind = nextKind
                }
                position += next.width
            }
            if kind != 0 { cutter.match(start, piece.end) }
        }
    }

    private static func addPrefixSpace(_ text: inout AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece]) {
        let isNeeded = pieces.contains { $0.token == nil && text.bytes[$0.start] != 0x20 }
        guard isNeeded else { return }
        newPieces.removeAll(keepingCapacity: true)
        text.rewrite { old, writer in
            for piece in pieces {
                let start = writer.count
                if piece.token == nil, old[piece.start] != 0x20 { writer.append(0x20, at: piece.start) }
                writer.copy(old, piece.start..<piece.end)
                newPieces.append(Piece(start: start, end: writer.count, token: piece.token))
            }
        }
        swap(&pieces, &newPieces)
    }

    private static func metaspace(
        _ replacement: UInt32, _ scheme: PrependScheme, _ splits: Bool, _ text: inout AlignedText,
        _ pieces: inout [Piece], _ newPieces: inout [Piece]
    ) {
        newPieces.removeAll(keepingCapacity: true)
        let atStart = pieces.map { scheme != .first || text.original($0.start, $0.end).lowerBound == 0 }
        text.rewrite { old, writer in
            for (piece, isStart) in zip(pieces, atStart) {
                var start = writer.count
                if piece.token != nil {
                    writer.copy(old, piece.start..<piece.end)
                    newPieces.append(Piece(start: start, end: writer.count, token: piece.token))
                    continue
                }
                let first = UTF8Text.decode(old, piece.start).scalar
                if scheme != .never, isStart, first != 0x20, first != replacement {
                    writer.append(replacement, at: piece.start)
                }
                var position = piece.start
                while position < piece.end {
                    let (scalar, width) = UTF8Text.decode(old, position)
                    if scalar == 0x20 || scalar == replacement {
                        let isFirst = position == piece.start && writer.count > start
                        if splits, writer.count > start, !isFirst {
                            newPieces.append(Piece(start: start, end: writer.count))
                            start = writer.count
                        }
                        writer.append(replacement, at: position)
                    } else {
                        writer.copy(old, position..<(position + width))
                    }
                    position += width
                }
                newPieces.append(Piece(start: start, end: writer.count))
            }
        }
        swap(&pieces, &newPieces)
    }
}
