import TrawlCore

/// SentencePiece's precompiled normalisation map: a Darts double array from UTF-8 to places in a block of texts.
///
/// Behaves as the `tokenizers` package does, which differs from SentencePiece itself: the text is taken grapheme by
/// grapheme, and the shortest key at the start of a short grapheme stands for all of it.
struct CharactersMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    /// - Parameter blob: byte count of the array (32 bits, little-endian), the array, and texts that end in zero bytes.
    init(_ blob: [UInt8]) throws {
        func failure() -> TrawlError {
            TrawlError(
                .corrupted, "the precompiled characters map of the tokenizer contradicts itself",
                remedy: "download the tokenizer again")
        }
        guard blob.count >= 4 else { throw failure() }
        func word(_ at: Int) -> UInt32 {
            UInt32(blob[at]) | UInt32(blob[at + 1]) << 8 | UInt32(blob[at + 2]) << 16 | UInt32(blob[at + 3]) << 24
        }
        let size = Int(word(0))
        guard size.isMultiple(of: 4), size > 0, size <= blob.count - 4 else { throw failure() }
        units = stride(from: 4, to: 4 + size, by: 4).map(word)
        texts = Array(blob[(4 + size)...])
    }

    private func unit(_ index: Int) -> UInt32 { index < units.count ? units[index] : 0 }

    /// The text that stands for the shortest key at the start of `key`.
    private func replacement(_ key: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        @inline(__always) func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 1 << 9) >> 6)) }
        var node = offset(unit(0))
        for index in range {
            let byte = UInt32(key[index])
            if byte == 0 { return nil }
            node ^= Int(byte)
            let current = unit(node)
            // The label is the low byte with the leaf bit on top.
            guard current & (1 << 31 | 0xFF) == byte else { return nil }
            node ^= offset(current)
            guard current >> 8 & 1 == 1 else { continue }
            let start = Int(unit(node) & 0x7FFF_FFFF)
            guard start <= texts.count else { return nil }
            let end = texts[start...].firstIndex(of: 0) ?? texts.count
            return start..<end
        }
        return nil
    }

    func apply(to text: inout AlignedText) {
        var changes: [AlignedText.Change] = []
        var isModified = false
        text.bytes.withUnsafeBufferPointer { bytes in
            changes.reserveCapacity(bytes.count)
            forEachGrapheme(bytes) { grapheme in
                if grapheme.count < 6, let found = replacement(bytes, grapheme) {
                    isModified = true
                    replace(bytes, grapheme, found, &changes)
                    return
                }
                var position = grapheme.lowerBound
                while position < grapheme.upperBound {
                    let (scalar, width) = UTF8Text.decode(bytes, position)
                    if let found = replacement(bytes, position..<(position + width)) {
                        isModified = true
                        replace(bytes, position..<(position + width), found, &changes)
                    } else {
                        changes.append(.init(scalar: scalar, change: 0))
                    }
                    position += width
                }
            }
        }
        if isModified { text.transform(changes) }
    }

    private func replace(
        _ bytes: UnsafeBufferPointer<UInt8>, _ old: Range<Int>, _ new: Range<Int>, _ changes: inout [AlignedText.Change]
    ) {
        let oldCount = old.reduce(0) { $0 + (bytes[$1] & 0xC0 != 0x80 ? 1 : 0) }
        var newCount = 0
        texts.withUnsafeBufferPointer { texts in
            var position = new.lowerBound
            while position < new.upperBound {
                let (scalar, width) = UTF8Text.decode(texts, position)
                let value = Unicode.Scalar(scalar) == nil ? 0xFFFD : scalar
                changes.append(.init(scalar: value, change: newCount >= oldCount ? 1 : 0))
                newCount += 1
                position += width
            }
        }
        // What is dropped counts for the scalar before; at the start of the text there is none, and it is forgotten.
        if newCount < oldCount, !changes.isEmpty {
            changes[changes.count - 1].change += Int32(newCount - oldCount)
        }
    }

    private func forEachGrapheme(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        var position = 0
        while position < bytes.count {
            // ASCII before ASCII stands alone, but for a carriage return before a line feed.
            var end = position
            while end < bytes.count, bytes[end] < 0x80, end + 1 == bytes.count || bytes[end + 1] < 0x80,
                bytes[end] != 0x0D
            {
                body(end..<(end + 1))
                end += 1
            }
            position = end
            guard position < bytes.count else { return }
            // Up to the next two ASCII characters, between which every grapheme ends.
            end += 1
            while end < bytes.count, !(bytes[end] < 0x80 && bytes[end - 1] < 0x80 && bytes[end - 1] != 0x0D) {
                end += 1
            }
            for character in String(decoding: bytes[position..<end], as: UTF8.self) {
                let width = character.utf8.count
                body(position..<(position + width))
                position += width
            }
        }
    }
}
