package import TrawlCore

/// The keys and unigrams of a query with their weights, ready to score: keys of weight 0 are gone, the best stand first and
/// ties go by the n-gram.
public struct WeighedKeys<SuffixRange: Sendable>: Sendable {
    package let keys: [LocatedKey<SuffixRange>]
    let unigrams: [UnigramWeight]
    /// Of each key.
    let weights: [Double]
    let finder: KeyFinder
    package let unigramWeights: [TokenID: Double]
    /// The keys' and unigrams' different tokens, numbered.
    let typeNumbers: [TokenID: Int32]
    /// The numbers of each key's different tokens, one key's behind the other's, and where each begins.
    private let types: [Int32]
    private let typeStarts: [Int]

    /// - Parameter keys: Different n-grams, in the order of `NGramKey.precedes`.
    package init(keys: [LocatedKey<SuffixRange>], unigrams: [UnigramWeight]) {
        self.keys = keys
        self.unigrams = unigrams
        weights = keys.map(\.key.weight)
        finder = KeyFinder(keys.map(\.key.tokens))
        unigramWeights = Dictionary(unigrams.map { ($0.token, $0.weight) }, uniquingKeysWith: { first, _ in first })
        var numbers: [TokenID: Int32] = [:]
        func number(_ token: TokenID) -> Int32 {
            if let known = numbers[token] { return known }
            numbers[token] = Int32(numbers.count)
            return Int32(numbers.count - 1)
        }
        var (types, starts): ([Int32], [Int]) = ([], [0])
        for key in keys {
            types += Set(key.key.tokens.map(number)).sorted()
            starts.append(types.count)
        }
        for unigram in unigrams { _ = number(unigram.token) }
        (self.types, typeStarts, typeNumbers) = (types, starts, numbers)
    }

    /// The numbers of the key's different tokens.
    func types(of key: Int) -> ArraySlice<Int32> { types[typeStarts[key]..<typeStarts[key + 1]] }
}

/// The n-grams of keys, to be found in texts.
struct KeyFinder: Sendable {
    let trie: NGramTrie
    /// The tokens of each key.
    let lengths: [Int32]

    /// - Parameter keys: Different n-grams, numbered by their place.
    init(_ keys: [[TokenID]]) {
        var trie = NGramTrie()
        for (number, key) in keys.enumerated() { trie.insert(key, number: number) }
        self.trie = trie
        lengths = keys.map { Int32($0.count) }
    }
}
