/// Cuts text into words.
extension Analyzer {
    /// The state of the word at hand.
    private struct Pending {
        var count = 0
        var start = 0
        /// The class of the last character that is no mark.
        var last = CharacterClass.other
        /// The joining character at the end of the word, which belongs to it only if the word goes on.
        var join: CharacterClass?
        /// The length and the end of the word without `join`.
        var countBeforeJoin = 0
        var endBeforeJoin = 0
        var hasLetterOrDigit = false
        /// Of a run of paired characters: how many there were, and where the last begins in the buffer and in the text.
        var units = 0
        var unitOffset = 0
        var unitStart = 0
        /// Whether an emoji ends in a zero width joiner.
        var joinsEmoji = false

        /// Whether a character of class `next` continues the word.
        func continues(with next: CharacterClass) -> Bool {
            guard count > 0 else { return false }
            switch last {
            case .paired, .emoji, .emojiModifier, .regional: return false
            default: break
            }
            guard let join else {
                return last == .connector || next == .connector || (last == .katakana) == (next == .katakana)
            }
            switch (last, next) {
            case (.letter, .letter): return join != .midNumber
            case (.digit, .digit): return join != .midLetter
            default: return false
            }
        }
    }

    func segment(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void) {
        var pending = Pending()
        var position = 0
        while position < text.count {
            let start = position
            let value = Self.decode(text, &position)
            let entry = characters[value]
            let next = entry.characterClass
            switch next {
            case .letter, .digit, .connector, .katakana:
                if !pending.continues(with: next) || pending.count + 4 > Self.longestTerm {
                    flush(&pending, end: start, body)
                    pending.start = start
                }
                pending.join = nil
                append(entry, value, &pending)
                pending.last = next
                if next != .connector { pending.hasLetterOrDigit = true }
            case .midLetter, .midNumber, .midBoth:
                let joins = next == .midBoth || (next == .midLetter) == (pending.last == .letter)
                guard pending.count > 0, pending.join == nil, joins, pending.last == .letter || pending.last == .digit,
                    pending.count + 4 <= Self.longestTerm
                else {
                    flush(&pending, end: start, body)
                    continue
                }
                pending.join = next
                pending.countBeforeJoin = pending.count
                pending.endBeforeJoin = start
                append(entry, value, &pending)
            case .mark:
                if pending.count > 0, pending.join == nil, pending.count + 4 <= Self.longestTerm {
                    append(entry, value, &pending)
                }
            case .format:
                // A zero width joiner.
                if value == 0x200D, pending.last == .emoji { pending.joinsEmoji = true }
            case .zeroWidth:
                if pending.last == .paired { flush(&pending, end: start, body) }
            case .single:
                flush(&pending, end: start, body)
                pending.start = start
                append(entry, value, &pending)
                pending.hasLetterOrDigit = true
                flush(&pending, end: position, body)
            case .paired: appendPaired(entry, value, start, &pending, body)
            case .emoji, .regional, .emojiModifier: appendEmoji(entry, value, start, &pending, body)
            case .other: flush(&pending, end: start, body)
            }
        }
        flush(&pending, end: text.count, body)
    }

    /// The scalar value at `position`, which moves behind it. `text` is valid UTF-8.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32 {
        let first = UInt32(text[position])
        position += 1
        if first < 0x80 { return first }
        let more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
        var value = first & (0x3F >> UInt32(more))
        for _ in 0..<more {
            value = value << 6 | UInt32(text[position]) & 0x3F
            position += 1
        }
        return value
    }

    // MARK: - Scripts without spaces, and emoji

    /// A run of paired characters becomes its overlapping pairs; one alone stays one.
    private func appendPaired(
        _ entry: CharacterTable.Entry, _ value: UInt32, _ start: Int, _ pending: inout Pending,
        _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) {
        if pending.last != .paired || pending.count + Self.longestCharacter > Self.longestTerm {
            flush(&pending, end: start, body)
            pending.start = start
            pending.unitStart = start
        }
        if pending.units > 0, let voiced = voiced(entry.small, pending) {
            pending.count = pending.unitOffset
            return append(voiced, &pending)
        }
        if pending.units > 1 {
            emit(whole: UnsafeBufferPointer(start: word, count: pending.count), pending.start..<start, body)
            let kept = pending.count - pending.unitOffset
            for offset in 0..<kept { word[offset] = word[pending.unitOffset + offset] }
            pending.count = kept
            pending.start = pending.unitStart
        }
        pending.unitOffset = pending.count
        pending.unitStart = start
        append(entry, value, &pending)
        pending.units += 1
        pending.last = .paired
        pending.hasLetterOrDigit = true
    }

    /// The Kana at the end of the run with the mark `value` for voiced or half-voiced sounds, which half-width text writes
    /// after it.
    private func voiced(_ value: UInt32, _ pending: Pending) -> UInt32? {
        guard settings.folds, value == 0x3099 || value == 0x309A else { return nil }
        var offset = pending.unitOffset
        let kana = Self.decode(UnsafeBufferPointer(start: word, count: pending.count), &offset)
        guard let base = Unicode.Scalar(kana), let mark = Unicode.Scalar(value) else { return nil }
        let composed = CharacterFolding.composed(base, mark)
        return composed == kana ? nil : composed
    }

    private func appendEmoji(
        _ entry: CharacterTable.Entry, _ value: UInt32, _ start: Int, _ pending: inout Pending,
        _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) {
        let next = entry.characterClass
        if next == .emojiModifier, pending.last == .emoji {
            if !settings.folds, pending.count + 4 <= Self.longestTerm { append(value, &pending) }
            return
        }
        let joins =
            next == .emoji && pending.last == .emoji && pending.joinsEmoji
            || next == .regional && pending.last == .regional && pending.units == 1
        if !joins || pending.count + 8 > Self.longestTerm {
            flush(&pending, end: start, body)
            pending.start = start
        } else if next == .emoji {
            append(0x200D, &pending)
        }
        append(value, &pending)
        pending.units += 1
        pending.joinsEmoji = false
        pending.last = next == .emojiModifier ? .emoji : next
        pending.hasLetterOrDigit = true
    }

    // MARK: - The word at hand

    private func append(_ entry: CharacterTable.Entry, _ value: UInt32, _ pending: inout Pending) {
        guard entry.expands, let scalar = Unicode.Scalar(value),
            let form = CharacterFolding.compatible(scalar, entry.characterClass)
        else { return append(entry.small, &pending) }
        for value in form where pending.count + 4 <= Self.longestTerm { append(value, &pending) }
    }

    private func append(_ value: UInt32, _ pending: inout Pending) {
        if value < 0x80 {
            word[pending.count] = UInt8(value)
            pending.count += 1
            return
        }
        guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { return }
        for byte in encoded {
            word[pending.count] = byte
            pending.count += 1
        }
    }

    /// Hands the word at hand over and starts a new one.
    private func flush(
        _ pending: inout Pending, end: Int, _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) {
        guard pending.count > 0 else { return }
        let count = pending.join == nil ? pending.count : pending.countBeforeJoin
        let range = pending.start..<(pending.join == nil ? end : pending.endBeforeJoin)
        let (isWord, last) = (pending.hasLetterOrDigit, pending.last)
        pending = Pending()
        guard isWord else { return }
        switch last {
        case .paired, .emoji, .regional: emit(whole: UnsafeBufferPointer(start: word, count: count), range, body)
        default: emit(word: count, range, body)
        }
    }
}
