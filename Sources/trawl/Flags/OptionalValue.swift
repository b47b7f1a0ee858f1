import ArgumentParser
import TrawlEngine

/// `--rerank`, which takes a value or stands alone: the parser knows no option of that kind, so that its words are
/// completed before it reads them.
enum OptionalValue {
    private static let option = "--rerank"
    private static let commands: Set<[String]> = [["query"], ["eval", "retrieval"]]

    /// The words of a command line with a value for each `--rerank`.
    ///
    /// - Throws: `ValidationError` for `--rerank=` without a chain.
    static func completed(_ words: [String]) throws -> [String] {
        guard commands.contains(CommandNames.path(words)) else { return words }
        var completed: [String] = []
        let end = words.firstIndex(of: "--") ?? words.endIndex
        var rest = words[..<end]
        while let word = rest.popFirst() {
            if word == option + "=" {
                throw ValidationError("\(word) names no stage; leave out the sign, or name a reranker or a model")
            }
            guard word == option else {
                completed.append(word)
                continue
            }
            var value = RerankChain.default.description
            if let next = rest.first, RerankChain.isUnmistakable(next) { value = rest.removeFirst() }
            completed.append(option + "=" + value)
        }
        return completed + words[end...]
    }
}
