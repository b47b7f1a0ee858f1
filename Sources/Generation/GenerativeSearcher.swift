public import TrawlCore
public import TrawlModels

/// The generator's tokenizer, as generative search needs it.
public struct GeneratorEncoding: Sendable {
    /// What separates a title from its text in the index, and ends an identifier. Only those that reach it are keys.
    public let titleEnd: String
    /// Tokens of a whole prompt, with the special tokens that stand at a text's start.
    public let prompt: @Sendable (String) throws -> [TokenID]
    /// Tokens of text as it stands inside a passage, without special tokens. A leading space belongs to the text.
    public let text: @Sendable (String) throws -> [TokenID]

    /// What is known of the words of queries and of the tokens that begin words.
    public let words: QueryWords

    public init(
        titleEnd: String = " @@", words: QueryWords = QueryWords(),
        prompt: @escaping @Sendable (String) throws -> [TokenID],
        text: @escaping @Sendable (String) throws -> [TokenID]
    ) {
        self.titleEnd = titleEnd
        self.words = words
        self.prompt = prompt
        self.text = text
    }
}

/// The passages that answer a query, and the n-grams that say so.
public struct GenerativeResult: Sendable {
    public let query: String
    public let ranking: Ranking
    /// The keys that found the passages, best first; none has weight 0.
    public let keys: [NGramKey]
    /// How many passages have each key; its count where that is too high to look.
    let passageCounts: [Int]
    /// The weighted unigrams, best first.
    public let unigrams: [UnigramWeight]
    /// Why a passage has its score.
    public let explain: @Sendable (PassageID) throws -> PassageExplanation
}

/// Generative retrieval (SEAL, arXiv 2204.10628): a language model writes n-grams that occur in the corpus, and the
/// passages are ranked by the n-grams that they contain.
public struct GenerativeSearcher<Oracle: SubstringOracle> {
    public let oracle: Oracle
    /// As given, but without titles or identifiers where the prompts have none.
    public let parameters: SEALParameters
    public let prompts: SEALPrompts
    private let session: any DecodingSession
    private let encoding: GeneratorEncoding

    /// - Parameter session: Is reset by every search; nobody else may use it at the same time.
    /// - Throws: `TrawlError.invalidInput` for parameters out of their bounds or a prompt without `{query}`.
    public init(
        oracle: Oracle, session: any DecodingSession, encoding: GeneratorEncoding,
        parameters: SEALParameters = SEALParameters(), prompts: SEALPrompts = SEALPrompts()
    ) throws {
        var parameters = parameters
        if prompts.title == nil { parameters.title = nil }
        if prompts.identifier == nil { parameters.identifier = nil }
        try parameters.validate()
        try prompts.validate()
        self.oracle = oracle
        self.session = session
        self.encoding = encoding
        self.parameters = parameters
        self.prompts = prompts
    }

    /// The best `k` passages for each query. A query without words finds nothing.
    ///
    /// Queries decode together, `batchSize` at a time.
    public func search(_ queries: [String], k: Int) throws -> [GenerativeResult] {
        let scorer = SEALScorer(oracle: oracle, parameters: parameters, words: encoding.words)
        var results: [GenerativeResult] = []
        for start in stride(from: 0, to: queries.count, by: parameters.batchSize) {
            let batch = Array(queries[start..<min(start + parameters.batchSize, queries.count)])
            let prepared = try scorer.queries(
                zip(batch, keys(for: batch)).map { query, found in
                    (found.keys, found.unigrams, try encoding.text(" " + query))
                })
            for (place, ranking) in try oracle.rank(prepared, by: parameters, count: k).enumerated() {
                let query = prepared[place]
                results.append(
                    GenerativeResult(
                        query: batch[place],
                        ranking: ranking, keys: query.keys.map(\.key),
                        passageCounts: query.keys.map { $0.passages?.count ?? $0.key.count }, unigrams: query.unigrams,
                        explain: { try scorer.explain($0, by: query) }))
            }
        }
        return results
    }

    /// The features of each of a result's keys, which were found by fitted weights.
    public func features(of result: GenerativeResult) throws -> [KeyFeatures] {
        let reader = KeyFeatureReader(
            oracle: oracle, query: try encoding.text(" " + result.query), words: encoding.words)
        // A result has no keys of weight 0, so every key has features.
        return zip(result.keys, result.passageCounts).compactMap { reader.features(of: $0, passages: $1) }
    }

    /// The tokens of a passage, divided by the mean over passages.
    public func relativeLength(of passage: PassageID) throws -> Double {
        SEALScorer(oracle: oracle, parameters: parameters).relativeLength(try oracle.tokens(of: passage).count)
    }

    typealias QueryKeys = (keys: [LocatedKey<Oracle.SuffixRange>], unigrams: [UnigramWeight])

    /// The keys of each query, before weighing: bodies, titles, identifiers, then spans of the query, each n-gram once.
    func keys(for queries: [String]) throws -> [QueryKeys] {
        session.reset()
        let active = queries.indices.filter { queries[$0].contains { !$0.isWhitespace } }
        var found = [QueryKeys](repeating: ([], []), count: queries.count)
        if active.isEmpty || oracle.passageCount == 0 { return found }
        let views = try GenerationView.all(
            of: parameters, prompts: prompts, encoding: encoding, boundary: oracle.boundary)
        let prefilled = try prefill(views, queries: active.map { queries[$0] })
        let tasks = prefilled.flatMap { prompts in
            zip(views, prompts.views).map { view, prompt in
                BeamSearchTask(
                    prompt: prompt, form: view.form, parameters: view.parameters,
                    begins: view.origin == .body && parameters.keyWeights != nil ? encoding.words.isContent : nil)
            }
        }
        let generated = try ConstrainedBeamSearch(oracle: oracle).run(tasks, session: session)

        let suggested = try active.map { try suggestions(of: queries[$0]) }.located(in: oracle)
        for (place, index) in active.enumerated() {
            var keys = KeyCollection<Oracle>()
            for (number, view) in views.enumerated() {
                for ngram in generated[place * views.count + number] {
                    keys.add(ngram, origin: view.origin, prefix: view.start, oracle: oracle)
                }
            }
            for suggestion in suggested[place] {
                keys.add(suggestion.tokens, suggestion.range, origin: suggestion.origin, oracle: oracle)
            }
            let unigrams =
                parameters.scoring.isIntersective
                ? KeyWeights.unigrams(behind: prefilled[place].body, oracle: oracle, parameters: parameters) : []
            found[index] = (keys.keys, unigrams)
        }
        try rescore(&found, active: active, prompts: prefilled)
        return found
    }

    /// The n-grams that a query suggests itself.
    private func suggestions(of query: String) throws -> [(tokens: [TokenID], origin: NGramKey.Origin)] {
        var found = try QueryNGrams.spans(of: query, longest: parameters.queryNGrams).map {
            (tokens: try encoding.text($0), origin: NGramKey.Origin.query)
        }
        if parameters.queryNGrams > 0, parameters.keyWeights != nil {
            found += try QueryNGrams.inflections(of: query, encoding.words).map { (try encoding.text($0), .inflection) }
        }
        return found.filter { !$0.tokens.isEmpty && !$0.tokens.contains(oracle.boundary) }
    }

    /// A query's prompts: one for each view, and the one that keys are scored behind.
    private struct QueryPrompts {
        var views: [PrefilledPrompt]
        let rescoring: PrefilledPrompt

        var body: PrefilledPrompt { views[0] }
    }

    private func prefill(_ views: [GenerationView], queries: [String]) throws -> [QueryPrompts] {
        let templates = views.map(\.prompt) + [prompts.rescoring]
        let texts = queries.flatMap { query in templates.map { $0.replacing("{query}", with: query) } }
        let prefilled = try session.prefillOnce(texts.map(encoding.prompt))
        var found = queries.indices.map { query in
            let first = query * templates.count
            return QueryPrompts(
                views: Array(prefilled[first..<first + views.count]), rescoring: prefilled[first + views.count])
        }
        for (number, view) in views.enumerated() where !view.read.isEmpty {
            let read = try session.read(view.read, behind: found.map { $0.views[number] })
            for (query, prompt) in read.enumerated() { found[query].views[number] = prompt }
        }
        return found
    }

    /// Scores body and query keys behind the rescoring prompt, and query keys behind the body prompt when body keys are
    /// not scored anew. Sums that beam search has already are not computed again: behind the same prompt they are
    /// equal.
    private func rescore(_ found: inout [QueryKeys], active: [Int], prompts: [QueryPrompts]) throws {
        var tries: [NGramTrie] = []
        var nodes: [[(key: Int, node: Int)]] = []
        var behind: [PrefilledPrompt] = []
        for (place, index) in active.enumerated() {
            let prompt = parameters.rescores ? prompts[place].rescoring : prompts[place].body
            let isScored =
                !parameters.rescores
                || (prompt.node == prompts[place].body.node && parameters.body.lengthPenalty == 0)
            var trie = NGramTrie()
            var ends: [(key: Int, node: Int)] = []
            for (number, key) in found[index].keys.enumerated() {
                let origin = key.key.origin
                guard origin == .query || origin == .inflection || (origin == .body && !isScored) else { continue }
                ends.append((number, trie.insert(key.key.tokens, number: number)))
            }
            tries.append(trie)
            nodes.append(ends)
            behind.append(prompt)
        }
        let sums = try KeyRescoring.logProbabilities(of: tries, behind: behind, session: session)
        for (place, index) in active.enumerated() {
            for (key, node) in nodes[place] { found[index].keys[key].key.logProbability = sums[place][node] }
        }
    }
}

extension [[(tokens: [TokenID], origin: NGramKey.Origin)]] {
    /// The n-grams of each query with their ranges, looked up together.
    fileprivate func located<Oracle: SubstringOracle>(
        in oracle: Oracle
    ) throws -> [[(tokens: [TokenID], range: Oracle.SuffixRange?, origin: NGramKey.Origin)]] {
        var ranges = try oracle.ranges(of: joined().map(\.tokens))[...]
        return map { ngrams in ngrams.map { ($0.tokens, ranges.removeFirst(), $0.origin) } }
    }
}

/// The keys of one query, each n-gram once.
private struct KeyCollection<Oracle: SubstringOracle> {
    private(set) var keys: [LocatedKey<Oracle.SuffixRange>] = []
    private var indices: [[TokenID]: Int] = [:]

    /// Adds an n-gram that is not there yet.
    mutating func add(
        _ ngram: GeneratedNGram<Oracle.SuffixRange>, origin: NGramKey.Origin, prefix: [TokenID], oracle: Oracle
    ) {
        let tokens = prefix + ngram.tokens
        guard indices[tokens] == nil else { return }
        let key = NGramKey(
            tokens: tokens, logProbability: ngram.logProbability, count: oracle.count(ngram.range), origin: origin,
            isComplete: ngram.isComplete)
        append(LocatedKey(key: key, range: ngram.range))
    }

    /// Adds what the query suggests. A form of its words is known as one though the generator wrote it too.
    ///
    /// - Parameter range: nil for an n-gram that does not occur.
    mutating func add(
        _ tokens: [TokenID], _ range: Oracle.SuffixRange?, origin: NGramKey.Origin, oracle: Oracle
    ) {
        if let index = indices[tokens] {
            if origin == .inflection, keys[index].key.origin == .body { keys[index].key.origin = origin }
            return
        }
        guard let range else { return }
        append(
            LocatedKey(
                key: NGramKey(tokens: tokens, logProbability: 0, count: oracle.count(range), origin: origin),
                range: range))
    }

    private mutating func append(_ key: LocatedKey<Oracle.SuffixRange>) {
        indices[key.key.tokens] = keys.count
        keys.append(key)
    }
}

extension SEALPrompts {
    /// - Throws: `TrawlError.invalidInput` for a prompt that does not name the query.
    public func validate() throws {
        for (name, prompt) in [
            ("body", body), ("title", title ?? body), ("identifier", identifier ?? body), ("rescoring", rescoring),
        ] where !prompt.contains("{query}") {
            throw TrawlError(
                .invalidInput, "the \(name) prompt \"\(prompt)\" has no place for the query",
                remedy: "write {query} where the query goes")
        }
    }
}
