/// Counts phrases, shows their occurrences and what follows them: in an open index (`PhraseFinder`), or in shards.
public protocol PhraseSearcher {
    /// Counts what meets `query`, whose text is `name`, as `find` does.
    func count(_ query: PhraseQuery, named name: String, _ options: PhraseFinder.Options) throws -> PhraseFinder.Count

    /// Finds what meets `query`.
    func find(_ query: PhraseQuery, named name: String, _ options: PhraseFinder.Options) throws -> PhraseFinder.Result

    /// The `limit` most frequent tokens after the longest suffix of `context` that occurs.
    func predict(after context: String, limit: Int) throws -> PhraseFinder.Prediction

    /// The probability of each token of `text` given `context` and the tokens before it.
    func probabilities(of text: String, after context: String) throws -> PhraseFinder.TextProbability
}

extension PhraseFinder: PhraseSearcher {}
