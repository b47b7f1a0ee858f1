/// Turns UTF-16 into UTF-8 piece by piece. What is malformed becomes U+FFFD and is counted.
final class UTF16Transcoder {
    private(set) var replacedCharacters = 0

    private let isBigEndian: Bool
    private var input: [UInt8]
    private var highSurrogate: UInt16?
    private var output: ArraySlice<UInt8> = []
    private var ended = false

    /// - Parameter first: bytes after the byte order mark that have been read already.
    init(isBigEndian: Bool, first: ArraySlice<UInt8>) {
        self.isBigEndian = isBigEndian
        input = Array(first)
    }

    /// Fills the front of `buffer`, which is not empty; 0 only at the end.
    ///
    /// - Parameter source: reads into a buffer and answers the number of bytes, 0 at the end.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, from source: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Int {
        while output.isEmpty {
            if ended { return 0 }
            try fill(from: source)
        }
        let count = min(buffer.count, output.count)
        buffer.copyBytes(from: output.prefix(count))
        output = output.dropFirst(count)
        return count
    }

    private func fill(from source: (UnsafeMutableRawBufferPointer) throws -> Int) throws {
        let kept = input.count
        input.append(contentsOf: repeatElement(0, count: 1 << 15))
        let count = try input.withUnsafeMutableBytes { try source(.init(rebasing: $0[kept...])) }
        input.removeLast(input.count - kept - count)
        ended = count == 0
        var scalars = String.UnicodeScalarView()
        var position = 0
        while position + 1 < input.count {
            let (first, second) = (UInt16(input[position]), UInt16(input[position + 1]))
            append(isBigEndian ? first << 8 | second : second << 8 | first, to: &scalars)
            position += 2
        }
        input.removeFirst(position)
        if ended {
            if highSurrogate != nil || !input.isEmpty { replace(&scalars) }
            (highSurrogate, input) = (nil, [])
        }
        output = Array(String(scalars).utf8)[...]
    }

    private func append(_ unit: UInt16, to scalars: inout String.UnicodeScalarView) {
        if let high = highSurrogate {
            highSurrogate = nil
            if unit & 0xFC00 == 0xDC00,
                let scalar = Unicode.Scalar(0x10000 + UInt32(high & 0x3FF) << 10 + UInt32(unit & 0x3FF))
            {
                scalars.append(scalar)
                return
            }
            replace(&scalars)
        }
        if unit & 0xFC00 == 0xD800 {
            highSurrogate = unit
        } else if let scalar = Unicode.Scalar(unit) {
            scalars.append(scalar)
        } else {
            replace(&scalars)
        }
    }

    private func replace(_ scalars: inout String.UnicodeScalarView) {
        scalars.append("\u{FFFD}")
        replacedCharacters += 1
    }
}
