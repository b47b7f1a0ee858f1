import TrawlCore
public import TrawlEngine
import TrawlSubstringIndex

/// Counts phrases in all shards and shows their occurrences and what follows them, as `PhraseFinder` does in one index.
///
/// Of a query that reads a sample of the passages (`within`), each shard reads a sample of its own, so that estimates may differ
/// from those of one index.
public struct ClusterPhrases: PhraseSearcher, Sendable {
    private let shards: ShardGroup

    /// - Throws: `TrawlError.invalidInput` when the shards have no n-grams.
    public init(_ cluster: ClusterIndex) throws {
        try SearchMethods(cluster.recipe, cluster.knownParts).require(SubstringsPart(), path: cluster.name)
        shards = cluster.shards
    }

    public func count(
        _ query: PhraseQuery, named text: String, _ options: PhraseFinder.Options
    ) throws -> PhraseFinder.Count {
        let clauses = try clauseCounts(text, options)
        if clauses.count == 1 { return PhraseFinder.Count(phrase: text, count: clauses[0], isEstimate: false) }
        var options = options
        (options.passages, options.continuations) = (0, 0)
        let found = try shards.ask(FindPhrase(.matches(clauseCounts: clauses), text, options: options))
        return PhraseFinder.Count(
            phrase: text, count: found.reduce(0) { $0 + $1.count }, isEstimate: found.contains(where: \.isEstimate))
    }

    public func find(
        _ query: PhraseQuery, named text: String, _ options: PhraseFinder.Options
    ) throws -> PhraseFinder.Result {
        let clauses = try clauseCounts(text, options)
        let found = try shards.ask(FindPhrase(.matches(clauseCounts: clauses), text, options: options))
        let passages = found.joined(by: \.passages).sorted {
            ($1.passage.count, $0.position, $0.number) < ($0.passage.count, $1.position, $1.number)
        }
        return PhraseFinder.Result(
            phrase: text, count: found.reduce(0) { $0 + $1.count },
            passageCount: found.reduce(0) { $0 + $1.passageCount },
            documentCount: found.reduce(0) { $0 + $1.documentCount }, isEstimate: found.contains(where: \.isEstimate),
            passages: passages.prefix(options.passages).map(\.passage),
            next: next(found, limit: options.continuations))
    }

    public func predict(after context: String, limit: Int) throws -> PhraseFinder.Prediction {
        let length = try shards.ask(FindPhrase(.suffixes, context)).compactMap(\.numbers.first).max() ?? 0
        let found = try shards.ask(FindPhrase(.next(suffixLengths: [length]), context))
        return PhraseFinder.Prediction(
            context: found.first?.context ?? "", count: found.reduce(0) { $0 + $1.count },
            next: next(found, limit: limit))
    }

    public func probabilities(of text: String, after context: String) throws -> PhraseFinder.TextProbability {
        let lengths = try shards.ask(FindPhrase(.suffixes, context, continuation: text)).map(\.numbers)
        let longest = (lengths.first ?? []).indices.map { step in
            lengths.reduce(0) { max($0, $1.indices.contains(step) ? $1[step] : 0) }
        }
        let found = try shards.ask(FindPhrase(.next(suffixLengths: longest), context, continuation: text)).map(\.steps)
        return PhraseFinder.TextProbability(
            (found.first ?? []).indices.map { step in
                let parts = found.compactMap { $0.indices.contains(step) ? $0[step] : nil }
                return PhraseFinder.TokenProbability(
                    text: parts[0].text, token: parts[0].token,
                    NGramProbability(
                        contextLength: parts[0].contextLength,
                        contextCount: parts.reduce(0) { $0 + $1.contextCount },
                        count: parts.reduce(0) { $0 + $1.count }))
            })
    }

    /// How often each clause occurs in all shards.
    private func clauseCounts(_ text: String, _ options: PhraseFinder.Options) throws -> [Int] {
        let answers = try shards.ask(FindPhrase(.clauses, text, options: options)).map(\.numbers)
        return (answers.first ?? []).indices.map { clause in
            answers.reduce(0) { $0 + ($1.indices.contains(clause) ? $1[clause] : 0) }
        }
    }

    private func next(_ found: [FoundPhrase], limit: Int) -> [PhraseFinder.Continuation] {
        struct Key: Hashable {
            let token: TokenID
            let text: String
        }
        var counts: [Key: Int] = [:]
        for next in found.joined(by: \.next) {
            counts[Key(token: next.token, text: next.text), default: 0] += next.count
        }
        return Array(
            counts.map { PhraseFinder.Continuation(text: $0.text, token: $0.token, count: $1) }
                .sorted { $0.precedes($1) }.prefix(limit))
    }
}

extension [FoundPhrase] {
    fileprivate func joined<Part>(by path: KeyPath<FoundPhrase, [Part]>) -> [Part] { flatMap { $0[keyPath: path] } }
}
