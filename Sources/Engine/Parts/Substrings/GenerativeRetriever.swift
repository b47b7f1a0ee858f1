import Foundation
import TrawlCore
package import TrawlGeneration
import TrawlModels
import TrawlSubstringIndex
import TrawlTokenizers
import TrawlVectorIndex

/// SEAL: a language model writes n-grams of the corpus, and they point to passages.
package struct GenerativeRetriever<Oracle: SubstringOracle>: Retriever {
    package let name = "generative"
    package let evidence = RetrievalEvidence.Names(query: [], passage: ["n-grams", "best n-gram", "tokens in n-grams"])
    let searcher: GenerativeSearcher<Oracle>
    private let passages: PassageTokens
    private let ngrams: NGramText

    /// How many generated n-grams an explanation lists.
    private static var listedKeys: Int { 25 }

    /// - Parameters:
    ///   - oracle: the n-grams of what is searched.
    ///   - fingerprints: the digests of the models that it was built with.
    ///   - path: of the index, for messages.
    /// - Throws: `TrawlError.incompatible` for a model that writes no texts, or has another tokenizer than the index.
    package init(
        _ oracle: Oracle, _ recipe: IndexRecipe, _ settings: GenerativeSettings,
        builtWith fingerprints: [String: String], path: String, _ models: ModelCache
    ) throws {
        let name = settings.generator ?? recipe.generative.model
        let folder = try models.folder(name)
        guard folder.isGenerator else {
            throw TrawlError(
                .incompatible, "\(name) is an embedding model; a generator is a decoder or an encoder-decoder",
                path: folder.path,
                remedy: "train a generator and name it", topic: .generator)
        }
        let tokenizer = try models.tokenizer(of: folder)
        try tokenizer.fingerprint.require(in: fingerprints, path: path)
        guard try oracle.passageCount == 0 || folder.boundaryToken(tokenizer) == oracle.boundary else {
            throw TrawlError(
                .incompatible,
                "the index's passages end in token \(oracle.boundary), the texts of \(name) in another",
                path: path, remedy: "build the index again with this generator")
        }
        let titleEnd = recipe.generative.titleEnd
        let words = QueryWords(recipe.lexical.analysis, tokenizer)
        passages = PassageTokens(tokenizer: tokenizer, titleEnd: titleEnd)
        ngrams = NGramText(tokenizer: tokenizer, words: words, titleEnd: titleEnd)
        let prompts = settings.prompts ?? .default(for: folder)
        // Control tokens that a prompt's author wrote are meant; those of a query are text.
        let splitsSpecialTokens = [prompts.body, prompts.title, prompts.identifier, prompts.rescoring].allSatisfy {
            prompt in
            prompt.map {
                tokenizer.encodeIDs($0, addSpecialTokens: false) == tokenizer.textTokens($0)
            } ?? true
        }
        let session = try models.generator(of: folder, precision: settings.precision).makeSession()
        // Encoders are cut short as embedders are: after a cut, the text's end token is still there.
        let limit = folder.isEncoderDecoder ? session.contextLength : .max
        searcher = try GenerativeSearcher(
            oracle: oracle, session: session,
            encoding: GeneratorEncoding(
                titleEnd: titleEnd, words: words,
                prompt: { text in
                    let ids = tokenizer.encodeIDs(
                        text, addSpecialTokens: true, splitsSpecialTokens: splitsSpecialTokens)
                    return ids.count <= limit ? ids : ids.prefix(limit - 1) + ids.suffix(1)
                },
                text: { tokenizer.textTokens($0) }),
            parameters: try settings.parameters(for: folder), prompts: prompts)
    }

    package func search(_ queries: [String], limit: Int) throws -> [Retrieved] {
        try searcher.search(queries, k: limit).map { result in
            Retrieved(
                ranking: result.ranking,
                matches: { id, passage in
                    // A passage that only another method found has no n-gram that counts.
                    try matches(result, result.explain(id), passage)
                },
                keys: { keys(result, limit: Self.listedKeys) }, evidence: { evidence(of: result) })
        }
    }

    /// A passage that was not found counts as one without n-grams.
    private func evidence(of result: GenerativeResult) -> RetrievalEvidence {
        RetrievalEvidence(query: []) { passages in
            let found = Set(result.ranking.map(\.passage))
            return try passages.map { passage in
                guard found.contains(passage) else { return [0, 0, 0] }
                let explanation = try result.explain(passage)
                let covered = explanation.keys.reduce(0) { $0 + $1.tokens.count }
                return [
                    log(1 + Float(explanation.keys.count)), log(1 + Float(max(0, explanation.best))),
                    log(1 + Float(covered)),
                ]
            }
        }
    }

    /// For each query, the passages that are found for it with the keys that count in them; `isRelevant` says which answer
    /// it; nil for queries that found none that does among the best `depth`.
    func weightExamples(
        _ queries: [String], depth: Int, isRelevant: (_ query: Int, PassageID) throws -> Bool
    ) throws -> [KeyWeightExample?] {
        try searcher.search(queries, k: depth).enumerated().map { number, result in
            let candidates = try result.ranking.map { entry in
                let explanation = try result.explain(entry.passage)
                return KeyWeightExample.Candidate(
                    isRelevant: try isRelevant(number, explanation.passage),
                    keys: explanation.keys.map { .init(key: $0.key, occurrences: $0.occurrences) },
                    relativeLength: try searcher.relativeLength(of: explanation.passage))
            }
            guard candidates.contains(where: \.isRelevant) else { return nil }
            return KeyWeightExample(
                keys: result.keys.map(\.tokens), features: try searcher.features(of: result), candidates: candidates)
        }
    }

    /// The `limit` weightiest n-grams for `query`, each with up to `documentLimit` documents that have it.
    func keys(for query: String, limit: Int, documentLimit: Int, in documents: StoredDocuments) throws -> [GeneratedKey]
    {
        guard let result = try searcher.search([query], k: 1).first else { return [] }
        return try zip(result.keys, keys(result, limit: limit)).map { key, listed in
            var listed = listed
            guard documentLimit > 0, let range = searcher.oracle.range(of: key.tokens) else { return listed }
            var seen: Set<UInt32> = []
            for passage in try searcher.oracle.locate([range])[0].list {
                let number = try documents.documentNumber(of: passage)
                guard seen.insert(number).inserted else { continue }
                listed.documents.append(try documents.documentID(number))
                if listed.documents.count == documentLimit { break }
            }
            return listed
        }
    }

    /// The n-grams of a passage in whole words, the most important first. Those that read alike are one match.
    private func matches(_ result: GenerativeResult, _ explanation: PassageExplanation, _ passage: StoredPassage)
        -> [Match]
    {
        let tokens = passages.tokenizer.textTokens(passages.text(title: passage.title, text: passage.text))
        var matches: [Match] = []
        var numbers: [String: Int] = [:]
        for match in explanation.keys.sorted(by: { $0.contribution > $1.contribution }) {
            let key = result.keys[match.key]
            let span = ngrams.wholeWords(match.tokens, in: tokens)
            let isInPassage = !span.isEmpty && span.upperBound <= tokens.count
            let text = ngrams.text(of: isInPassage ? tokens[span] : key.tokens[...], isTitle: key.origin == .title)
            if text.isEmpty { continue }
            if let number = numbers[text] {
                matches[number].contribution += Float(match.contribution)
                continue
            }
            numbers[text] = matches.count
            matches.append(
                Match(
                    stage: name, text: text, count: key.count, contribution: Float(match.contribution),
                    ranges: passages.textRanges(of: [span], title: passage.title, text: passage.text)))
        }
        return matches.sorted { $0.contribution > $1.contribution }
    }

    private func keys(_ result: GenerativeResult, limit: Int) -> [GeneratedKey] {
        result.keys.prefix(limit).map { key in
            GeneratedKey(
                text: ngrams.text(of: key.tokens, isTitle: key.origin == .title), origin: key.origin.rawValue,
                count: key.count,
                logProbability: key.logProbability,
                weight: key.weight)
        }
    }
}

extension GenerativeRetriever where Oracle == CorpusOracle {
    /// - Parameter filter: the passages that may be found; nil: all.
    init(
        _ index: SearchIndex, _ settings: GenerativeSettings, _ models: ModelCache, filter: PassageFilter? = nil
    ) throws {
        try self.init(
            CorpusOracle(index: index.substringIndex(), filter: filter), index.recipe, settings,
            builtWith: index.fingerprints,
            path: index.path, models)
    }
}
