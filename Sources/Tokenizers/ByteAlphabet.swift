/// GPT-2's printable character for each byte: itself where it is printable Latin-1, U+0100 and up for the others.
enum ByteAlphabet {
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 { return UInt32(byte) }
            defer { next += 1 }
            return next
        }
    }()

    private static let bytes: [UInt32: UInt8] = {
        var bytes: [UInt32: UInt8] = [:]
        for (byte, scalar) in scalars.enumerated() { bytes[scalar] = UInt8(byte) }
        return bytes
    }()

    /// The bytes that a token stands for; nil when a character of it stands for none.
    static func decode(_ token: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.count)
        var position = 0
        while position < token.count {
            let (scalar, width) = UTF8Text.decode(token, position)
            if scalar >= 0x21, scalar <= 0x7E {
                result.append(UInt8(scalar))
            } else if let byte = bytes[scalar] {
                result.append(byte)
            } else {
                return nil
            }
            position += width
        }
        return result
    }

    /// Writes every byte of the text as its character; added tokens stay as they are.
    static func write(_ text: inout AlignedText, _ pieces: inout [Piece], _ newPieces: inout [Piece]) {
        newPieces.removeAll(keepingCapacity: true)
        text.rewrite { old, writer in
            for piece in pieces {
                let start = writer.count
                if piece.token == nil {
                    for index in piece.start..<piece.end { writer.append(scalars[Int(old[index])], at: index) }
                } else {
                    writer.copy(old, piece.start..<piece.end)
                }
                newPieces.append(Piece(start: start, end: writer.count, token: piece.token))
            }
        }
        swap(&pieces, &newPieces)
    }
}
