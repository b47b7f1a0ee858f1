import TrawlCore
import TrawlEmbeddings
import TrawlEvaluation

extension EmbeddingTaskEvaluation {
    /// The similarities of pairs, by each way to compare vectors.
    private func similarities(
        _ first: [String], _ second: [String], _ file: String, _ index: Int, _ source: TextVectors
    ) throws -> [Similarity: [Double]] {
        let matrix = try source.vectors(of: first + second, file, index)
        return Dictionary(
            uniqueKeysWithValues: Similarity.allCases.map { similarity in
                (similarity, first.indices.map { similarity(matrix[$0], matrix[first.count + $0]) })
            })
    }

    /// Semantic textual similarity.
    func similarity(_ pairs: ScoredPairs, _ file: String, _ index: Int, _ source: TextVectors) throws -> Row {
        let similarities = try similarities(pairs.first, pairs.second, file, index, source)
        var scores: [String: Double] = [:]
        for (similarity, values) in similarities {
            guard let spearman = Correlation.spearman(values, pairs.scores),
                let pearson = Correlation.pearson(values, pairs.scores)
            else {
                throw TrawlError(
                    .invalidInput, "the scores or the similarities are all equal, so that they have no correlation",
                    path: file, remedy: "give pairs with different scores")
            }
            if similarity != .dot {
                scores["\(similarity.rawValue)_spearman"] = spearman
                scores["\(similarity.rawValue)_pearson"] = pearson
            }
            if similarity == source.similarity { (scores["spearman"], scores["pearson"]) = (spearman, pearson) }
        }
        return row(file, index, source, texts: 2 * pairs.scores.count, main: "cosine_spearman", scores)
    }

    /// Pair classification.
    func pairs(_ pairs: LabelledPairs, _ file: String, _ index: Int, _ source: TextVectors) throws -> Row {
        let similarities = try similarities(pairs.first, pairs.second, file, index, source)
        var scores: [String: Double] = [:]
        for (similarity, values) in similarities {
            let found = PairScores(values, pairs.labels)
            let named = [
                "accuracy": found.accuracy, "f1": found.f1, "precision": found.precision, "recall": found.recall,
                "ap": found.averagePrecision,
            ]
            for (name, value) in named {
                scores["\(similarity.rawValue)_\(name)"] = value
                if similarity == source.similarity { scores["similarity_\(name)"] = value }
                scores["max_\(name)"] = max(value, scores["max_\(name)"] ?? 0)
            }
        }
        return row(file, index, source, texts: 2 * pairs.labels.count, main: "max_ap", scores)
    }

    /// Reranking. Of equally similar texts, those that do not answer the query come first, so that nothing is won by chance.
    func reranking(_ lists: RerankingLists, _ file: String, _ index: Int, _ source: TextVectors) throws -> Row {
        if lists.withoutPositives > 0 {
            source.progress.warn(
                "\(file): queries without a positive text, which are left out: \(lists.withoutPositives)")
        }
        let withoutNegatives = lists.lists.count { $0.negatives.isEmpty }
        if withoutNegatives > 0 {
            source.progress.warn(
                "\(file): queries without a negative text, which any ranking gets right: \(withoutNegatives) of "
                    + "\(lists.lists.count)")
        }
        let texts = lists.lists.flatMap { [$0.query] + $0.candidates }
        let isQuery = lists.lists.flatMap { [true] + $0.candidates.map { _ in false } }
        let matrix = try source.vectors(of: texts, isQuery: isQuery, file, index)
        let similarity = source.similarity
        var (averages, reciprocals, place) = (0.0, 0.0, 0)
        for list in lists.lists {
            let query = matrix[place]
            let similarities = list.candidates.indices.map { similarity(query, matrix[place + 1 + $0]) }
            let order = similarities.indices.sorted {
                (similarities[$0], $0) > (similarities[$1], $1)
            }
            var (found, sum) = (0, 0.0)
            for (rank, candidate) in order.enumerated() where candidate < list.positives.count {
                found += 1
                sum += Double(found) / Double(rank + 1)
                if found == 1 { reciprocals += 1 / Double(rank + 1) }
            }
            averages += sum / Double(list.positives.count)
            place += 1 + list.candidates.count
        }
        let count = Double(lists.lists.count)
        return row(
            file, index, source, texts: texts.count, main: "map",
            ["map": averages / count, "mrr": reciprocals / count])
    }
}
