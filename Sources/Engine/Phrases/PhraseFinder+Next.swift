import Foundation
public import TrawlCore
import TrawlCorpus
package import TrawlSubstringIndex
import TrawlTokenizers

// The corpus as a language model.
extension PhraseFinder {
    /// What follows a context.
    public struct Prediction: Encodable, Sendable {
        /// The longest suffix of the context that occurs, and its count.
        public let context: String
        public let count: Int
        public let next: [Continuation]

        package init(context: String, count: Int, next: [Continuation]) {
            (self.context, self.count, self.next) = (context, count, next)
        }
    }

    /// The probability of a token given those before it; see `NGramProbability`.
    public struct TokenProbability: Encodable, Sendable {
        public let text: String
        public let token: TokenID
        public let contextLength: Int
        public let contextCount: Int
        public let count: Int
        public let probability: Double

        package init(text: String, token: TokenID, _ found: NGramProbability) {
            (self.text, self.token) = (text, token)
            (contextLength, contextCount, count) = (found.contextLength, found.contextCount, found.count)
            probability = found.probability
        }

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

        package init(_ tokens: [TokenProbability]) {
            self.tokens = tokens
            let sum = tokens.reduce(0) { $0 + log($1.probability) }
            logProbability = sum.isFinite ? sum : nil
        }

        enum CodingKeys: String, CodingKey {
            case tokens
            case logProbability = "log_probability"
        }
    }

    /// The `limit` most frequent tokens after the longest suffix of `context` that occurs.
    public func predict(after context: String, limit: Int) -> Prediction {
        let length = substrings.longestSuffix(of: tokens(of: context)).length
        return predict(after: context, length: length, limit: limit)
    }

    /// The tokens at the end of `context` that occur.
    package func suffixLength(of context: String) -> Int { substrings.longestSuffix(of: tokens(of: context)).length }

    /// The `limit` most frequent tokens after the last `length` tokens of `context`.
    package func predict(after context: String, length: Int, limit: Int) -> Prediction {
        let tokens = tokens(of: context)
        let suffix = Array(tokens.suffix(length))
        guard let range = substrings.range(of: suffix) else {
            return Prediction(context: tokenizer.decode(suffix, skipSpecialTokens: false), count: 0, next: [])
        }
        return Prediction(
            context: tokenizer.decode(suffix, skipSpecialTokens: false), count: range.count,
            next: withTitleEnds(substrings.nextTokens(range), after: suffix)
                .sorted { ($1.count, $0.token) < ($0.count, $1.token) }.prefix(limit).map(continuation))
    }

    /// The probability of each token of `text` given `context` and the tokens before it.
    public func probabilities(of text: String, after context: String) -> TextProbability {
        probabilities(of: text, after: context, suffixLengths: suffixLengths(of: text, after: context))
    }

    /// For each token of `text` how many of the tokens before it occur.
    package func suffixLengths(of text: String, after context: String) -> [Int] {
        steps(of: text, after: context).map { substrings.longestSuffix(of: $0.context).length }
    }

    /// The probability of each token of `text` given the tokens before it.
    ///
    /// - Parameter suffixLengths: how many of those before each token count.
    package func probabilities(
        of text: String, after context: String, suffixLengths: [Int]
    ) -> TextProbability {
        TextProbability(
            zip(steps(of: text, after: context), suffixLengths).map { step, length in
                TokenProbability(
                    text: self.text(of: step.token), token: step.token,
                    substrings.probability(of: step.token, afterAll: step.context.suffix(length)))
            })
    }

    /// Each token of `text` with the tokens before it.
    private func steps(of text: String, after context: String) -> [(token: TokenID, context: [TokenID])] {
        var tokens = tokens(of: context)
        return tokenizer.textTokens(cleaned(text)).map { token in
            defer { tokens.append(token) }
            return (token, known(tokens))
        }
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
