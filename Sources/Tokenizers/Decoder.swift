/// Turns tokens back into text: each step maps a list of strings to a list of strings, which are joined in the end.
struct DecoderChain: Sendable {
    enum Step: Sendable {
        case wordPiece(prefix: String, cleansUp: Bool)
        case byteLevel
        case byteFallback
        case fuse
        case strip(content: Unicode.Scalar, start: Int, stop: Int)
        case replace(TextPattern, with: String)
        case metaspace(replacement: Unicode.Scalar, dropsFirst: Bool)
        case endOfWord(suffix: String)
    }

    /// nil when the tokenizer names no decoder: tokens are joined by spaces.
    var steps: [Step]?

    func decode(_ tokens: [String]) -> String {
        guard let steps else { return tokens.joined(separator: " ") }
        var tokens = tokens
        for step in steps { tokens = DecoderChain.apply(step, tokens) }
        return tokens.joined()
    }

    private static func apply(_ step: Step, _ tokens: [String]) -> [String] {
        switch step {
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                var word = token
                if index > 0 {
                    word =
                        hasPrefix(token, prefix)
                        ? String(token.unicodeScalars.dropFirst(prefix.unicodeScalars.count))
                        : " " + token
                }
                return cleansUp ? cleanUp(word) : word
            }
        case .byteLevel:
            var bytes: [UInt8] = []
            for var token in tokens {
                token.withUTF8 { bytes += ByteAlphabet.decode($0) ?? Array($0) }
            }
            return [String(decoding: bytes, as: UTF8.self)]
        case .byteFallback: return byteFallback(tokens)
        case .fuse: return [tokens.joined()]
        case .strip(let content, let start, let stop):
            return tokens.map { token in
                var scalars = Array(token.unicodeScalars)
                scalars.removeFirst(min(start, scalars.prefix { $0 == content }.count))
                scalars.removeLast(min(stop, scalars.reversed().prefix { $0 == content }.count))
                return text(scalars)
            }
        case .replace(let pattern, let content):
            return tokens.map { replace($0, pattern, content) }
        case .metaspace(let replacement, let dropsFirst):
            return tokens.enumerated().map { index, token in
                var scalars: [Unicode.Scalar] = []
                for scalar in token.unicodeScalars {
                    if scalar != replacement {
                        scalars.append(scalar)
                    } else if index > 0 || !dropsFirst {
                        scalars.append(" ")
                    }
                }
                return text(scalars)
            }
        case .endOfWord(let suffix):
            guard !suffix.isEmpty else { return tokens }
            return tokens.enumerated().map { index, token in
                replace(token, .string(Array(suffix.utf8)), index + 1 == tokens.count ? "" : " ")
            }
        }
    }

    private static func hasPrefix(_ token: String, _ prefix: String) -> Bool { token.utf8.starts(with: prefix.utf8) }

    private static func text(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func replace(_ token: String, _ pattern: TextPattern, _ content: String) -> String {
        var token = token
        var stack = RegexStack()
        return token.withUTF8 { bytes in
            var result: [UInt8] = []
            var done = 0
            pattern.matches(in: bytes, Piece(start: 0, end: bytes.count), &stack) { start, end in
                result += bytes[done..<start]
                result += content.utf8
                done = end
            }
            result += bytes[done...]
            return String(decoding: result, as: UTF8.self)
        }
    }

    /// Runs of `<0xNN>` become the text that their bytes spell, or a replacement character each.
    private static func byteFallback(_ tokens: [String]) -> [String] {
        var result: [String] = []
        var bytes: [UInt8] = []
        func flush() {
            guard !bytes.isEmpty else { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                result.append(text)
            } else {
                result += [String](repeating: "\u{FFFD}", count: bytes.count)
            }
            bytes.removeAll()
        }
        for token in tokens {
            let utf8 = Array(token.utf8)
            if utf8.count == 6, utf8.starts(with: Array("<0x".utf8)), utf8[5] == UInt8(ascii: ">"),
                let byte = UInt8(String(decoding: utf8[3..<5], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    /// BERT's rules against spaces before punctuation and in English contractions.
    private static func cleanUp(_ text: String) -> String {
        let rules = [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ]
        guard text.utf8.contains(0x20) else { return text }
        return rules.reduce(text) { replace($0, .string(Array($1.0.utf8)), $1.1) }
    }
}
