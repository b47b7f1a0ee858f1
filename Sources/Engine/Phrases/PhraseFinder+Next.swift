public import TrawlCore
import TrawlSubstringIndex
import TrawlTokenizers

// The corpus as a language model.
extension PhraseFinder {
    /// What follows a context.
    public struct Prediction: Encodable, Sendable {
        /// The longest end of the context that occurs, and how often.
        public let context: String
        public let count: Int
        public let next: [Continuation]
    }

    /// How likely a token is behind what precedes it; see `NGramProbability`.
    public struct TokenProbability: Encodable, Sendable {
        public let text: String
        public let token: TokenID
        public let contextLength: Int
        public let contextCount: Int
        public let count: Int
        public let probability: Double
    }

    /// The `limit` most frequent tokens behind the longest end of `context` that occurs.
    public func predict(after context: String, limit: Int) -> Prediction {
        let tokens = tokens(of: context)
        let (length, range) = substrings.longestSuffix(of: tokens)
        return Prediction(
            context: tokenizer.decode(Array(tokens.suffix(length)), skipSpecialTokens: false), count: range.count,
            next: substrings.topContinuations(range, limit: limit).map(continuation))
    }

    /// The probability of each token of `text` behind `context` and the tokens before it.
    public func probabilities(of text: String, after context: String) -> [TokenProbability] {
        var tokens = tokens(of: context)
        return tokenizer.encodeIDs(text, addSpecialTokens: false).map { token in
            let found = substrings.probability(of: token, after: tokens)
            tokens.append(token)
            return TokenProbability(
                text: self.text(of: token), token: token, contextLength: found.contextLength,
                contextCount: found.contextCount, count: found.count, probability: found.probability)
        }
    }

    private func tokens(of context: String) -> [TokenID] {
        let text = PassageTokens.collapsed(context)
        return text.isEmpty ? [] : tokenizer.encodeIDs(" " + text, addSpecialTokens: false)
    }
}
