import TrawlEmbeddings

/// Chooses few examples that stand for many: each next one is that which most raises the sum, over all texts, of the cosine to the
/// nearest chosen one (facility location; greedily at least 63% of the best sum, Nemhauser et al. 1978, doi 10.1007/BF01588971).
enum ExampleSelection {
    /// - Parameters:
    ///   - vectors: The candidates and at once the texts to stand for, of length 1.
    ///   - alike: The cosine from which on a candidate is too like a chosen one.
    /// - Returns: The numbers of at most `count` candidates, in the order in which they were chosen; ties go to the first.
    /// - Complexity: O(candidates² · (count + dimension)).
    static func choose(_ count: Int, from vectors: EmbeddingMatrix, alike: Float = 0.8) -> [Int] {
        // Copies would count more than others.
        var seen: Set<[Float]> = []
        let texts = (0..<vectors.count).filter { seen.insert(Array(vectors[$0])).inserted }
        let cosines = texts.map { a in texts.map { b in zip(vectors[a], vectors[b]).reduce(0) { $0 + $1.0 * $1.1 } } }
        var covered = [Float](repeating: 0, count: texts.count)
        var open = Array(texts.indices)
        var chosen: [Int] = []
        while chosen.count < count {
            var best: (candidate: Int, gain: Float)?
            for candidate in open {
                let gain = zip(cosines[candidate], covered).reduce(Float(0)) { $0 + max(0, $1.0 - $1.1) }
                if gain > best?.gain ?? 0 { best = (candidate, gain) }
            }
            guard let next = best?.candidate else { break }
            chosen.append(next)
            covered = zip(cosines[next], covered).map { max($0, $1) }
            open.removeAll { cosines[next][$0] >= alike }
        }
        return chosen.map { texts[$0] }
    }
}
