import Foundation

/// Whether a text holds an answer, with the rules of DPR (Karpukhin et al. 2020, arXiv 2004.04906).
public struct AnswerMatcher {
    public enum Rule: String, CaseIterable, Sendable {
        /// The tokens of an answer stand next to each other in the text, whatever their case.
        case string
        /// An answer is a regular expression that is found in the text, whatever its case.
        case regex
    }

    private let rule: Rule
    /// Numbers of tokens: comparing them is faster than comparing texts.
    private var numbers: [String: UInt32] = [:]
    private var expressions: [String: NSRegularExpression?] = [:]
    /// Answers that are no regular expressions, or that took too many steps in a text: they match nothing from then on.
    public private(set) var invalidExpressions: Set<String> = []
    /// The reports of progress, each some thousands of steps, after which matching is given up: about half a second.
    private static let reportLimit = 1000

    public init(_ rule: Rule = .string) { self.rule = rule }

    /// A text made ready, so that it can be asked for many answers.
    public struct PreparedText: Sendable {
        fileprivate let tokens: [UInt32]
        fileprivate let text: String
    }

    public mutating func prepare(_ text: String) -> PreparedText {
        let text = text.decomposedStringWithCanonicalMapping
        return rule == .string
            ? PreparedText(tokens: Self.tokens(text).map { number(of: $0) }, text: "")
            : PreparedText(tokens: [], text: text)
    }

    /// - Complexity: O(length of the text) per answer.
    public mutating func matches(_ text: PreparedText, _ answers: [String]) -> Bool {
        for answer in answers {
            switch rule {
            case .string:
                let tokens = Self.tokens(answer.decomposedStringWithCanonicalMapping).map { number(of: $0) }
                if Self.holds(text.tokens, tokens) { return true }
            case .regex:
                guard let expression = expression(answer), !invalidExpressions.contains(answer) else { continue }
                switch Self.occurs(expression, in: text.text) {
                case true?: return true
                case false?: continue
                case nil: invalidExpressions.insert(answer)
                }
            }
        }
        return false
    }

    /// Whether `expression` matches somewhere in `text`; nil where that takes too many steps to tell: such as `(a+)+b` backtrack
    /// without end.
    private static func occurs(_ expression: NSRegularExpression, in text: String) -> Bool? {
        var (found, reports) = (false, 0)
        let range = NSRange(location: 0, length: text.utf16.count)
        expression.enumerateMatches(in: text, options: .reportProgress, range: range) { match, _, stop in
            found = match != nil
            reports += 1
            stop.pointee = ObjCBool(found || reports > reportLimit)
        }
        return found || reports <= reportLimit ? found : nil
    }

    /// Runs of letters, marks and numbers, and single other characters that are not white space or control characters;
    /// in lower case.
    static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = String.UnicodeScalarView()
        func endWord() {
            guard !word.isEmpty else { return }
            tokens.append(String(word).lowercasedInFull())
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if scalar.isWordPart {
                word.append(scalar)
                continue
            }
            endWord()
            if !scalar.isSeparatorOrControl { tokens.append(String(scalar).lowercased()) }
        }
        endWord()
        return tokens
    }

    private mutating func number(of token: String) -> UInt32 {
        if let known = numbers[token] { return known }
        let number = UInt32(numbers.count)
        numbers[token] = number
        return number
    }

    private mutating func expression(_ answer: String) -> NSRegularExpression? {
        if let known = expressions[answer] { return known }
        let expression = try? NSRegularExpression(
            pattern: answer.decomposedStringWithCanonicalMapping, options: [.caseInsensitive, .anchorsMatchLines])
        if expression == nil { invalidExpressions.insert(answer) }
        expressions[answer] = .some(expression)
        return expression
    }

    private static func holds(_ text: [UInt32], _ part: [UInt32]) -> Bool {
        guard let first = part.first else { return true }
        guard text.count >= part.count else { return false }
        return text.withUnsafeBufferPointer { text in
            part.withUnsafeBufferPointer { part in
                for start in 0...(text.count - part.count) where text[start] == first {
                    var length = 1
                    while length < part.count, text[start + length] == part[length] { length += 1 }
                    if length == part.count { return true }
                }
                return false
            }
        }
    }
}
