public import TrawlCore

extension SearchSession {
    /// The documents that answer each query by each of several fusions of what the methods find, which is searched once.
    ///
    /// The fusions' weights are of methods of this session; one that a fusion does not name counts nothing. Rankings are those
    /// of sessions with these settings, but for rerankers, which are not applied.
    ///
    /// - Returns: The rankings by fusion, then by query.
    /// - Throws: `TrawlError.invalidInput` for a fusion of more passages than this session retrieves, or one that was fitted.
    public func rankDocuments(
        _ queries: [Query], by fusions: [FusionSettings], progress: any ProgressReporter = .silent
    ) throws -> [[DocumentRanking]] {
        for fusion in fusions where fusion.depth > settings.fusion.depth || fusion.method == .fitted {
            throw TrawlError(
                .invalidInput, "a fusion of depth \(fusion.depth) cannot be made of \(settings.fusion.depth) passages")
        }
        let names = fusedWeights.map(\.name)
        let weights = fusions.map { fusion in names.map { fusion.weights?[$0] ?? 0 } }
        var rankings = fusions.map { _ in [DocumentRanking]() }
        for start in stride(from: 0, to: queries.count, by: Self.batchSize) {
            let batch = Array(queries[start..<min(start + Self.batchSize, queries.count)])
            let retrieved = try retrieve(batch).found
            for (number, fusion) in fusions.enumerated() {
                var found = retrieved
                let depth = depth(fusing: fusion.depth)
                try forEach(&found) { _, found in
                    let inputs = found.retrieved.map { input in
                        input.ranking.count > depth ? input.with(input.ranking.top(depth)) : input
                    }
                    let used = weights[number].indices.filter { weights[number][$0] > 0 }
                    // A single method ranks by itself, as it does in a session of its own.
                    found.final =
                        used.count == 1
                        ? inputs[used[0]].ranking
                        : try weightedSum(inputs, fusion, weights: weights[number]).ranking
                    found.final = Ranking(try collapsed(found.final))
                }
                rankings[number] += try zip(batch, found).map { try ranking($0, $1) }
            }
            progress.advance(batch.count)
        }
        return rankings
    }
}
