import Foundation
public import TrawlCore
import TrawlCorpus
import TrawlSubstringIndex
import TrawlTokenizers

// The corpus as a language model.
extension PhraseFinder {
    /// What follows a context.
    public struct Prediction: Encodable, Sendable {
        /// The longest suffix of the context that occurs, and its count.
        public let context: String
        public let count: Int
        public let next: [Continuation]
    }

    /// The probability of a token given those before it; see `NGramProbability`.
    public struct TokenProbability: Encodable, Sendable {
        public let text: String
        public let token: TokenID
        public let contextLength: Int
        public let contextCount: Int
        public let count: Int
        public let probability: Double

        enum CodingKeys: String, CodingKey {
            case text, token, count, probability
            case contextLength = "context_length"
            case contextCount = "context_count"
        }
    }

    /// The probability of a text after a context.
    public struct TextProbability: Encodable, Sendable {
        public let tokens: [TokenProbability]
        /// Natural logarithm; nil when a token never follows.
        public let logProbability: Double?

        enum CodingKeys: String, CodingKey {
            case tokens
            case logProbability = "log_probability"
        }
    }

    /// The `limit` most frequent tokens after the longest suffix of `context` that occurs.
    public func predict(after context: String, limit: Int) -> Prediction {
        let tokens = tokens(of: context)
        let (length, range) = substrings.longestSuffix(of: tokens)
        return Prediction(
            context: tokenizer.decode(Array(tokens.suffix(length)), skipSpecialTokens: false), count: range.count,
            next: withTitleEnds(substrings.topContinuations(range, limit: limit), after: Array(tokens.suffix(length)))
                .sorted { ($1.count, $0.token) < ($0.count, $1.token) }.prefix(limit).map(continuation))
    }

    /// The probability of each token of `text` given `context` and the tokens before it.
    public func probabilities(of text: String, after context: String) -> TextProbability {
        var tokens = tokens(of: context)
        let steps = tokenizer.textTokens(cleaned(text)).map { token in
            let found = substrings.probability(of: token, after: known(tokens))
            tokens.append(token)
            return TokenProbability(
                text: self.text(of: token), token: token, contextLength: found.contextLength,
                contextCount: found.contextCount, count: found.count, probability: found.probability)
        }
        let sum = steps.reduce(0) { $0 + log($1.probability) }
        return TextProbability(tokens: steps, logProbability: sum.isFinite ? sum : nil)
    }

    private func tokens(of context: String) -> [TokenID] {
        let text = PassageTokens.collapsed(cleaned(context))
        return text.isEmpty ? [] : known(tokenizer.textTokens(" " + text))
    }

    /// What follows the last unknown token: it stands for any character that the tokenizer does not know, so it is not a context.
    private func known(_ tokens: [TokenID]) -> [TokenID] {
        guard let unknown = tokenizer.unkID, let last = tokens.lastIndex(of: unknown) else { return tokens }
        return Array(tokens[(last + 1)...])
    }
}
