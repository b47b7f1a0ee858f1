import TrawlCore

/// Parts of judged queries, each of which is held out once.
struct QueryFolds {
    /// The queries of each part, in ascending order.
    let parts: [[Int]]

    /// Queries in parts of equal size, by chance.
    init(_ count: Int, parts: Int, seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let order = Array(0..<count).shuffled(using: &generator)
        self.parts = (0..<parts).map { part in stride(from: part, to: count, by: parts).map { order[$0] }.sorted() }
    }

    /// Queries in parts that share no document which answers them; nil where most queries hang together by such documents.
    init?(disjoint answers: [[DocumentID]], parts: Int, seed: UInt64) {
        var parents = Array(answers.indices)
        func root(_ query: Int) -> Int {
            var query = query
            while parents[query] != query {
                parents[query] = parents[parents[query]]
                query = parents[query]
            }
            return query
        }
        var first: [DocumentID: Int] = [:]
        for (query, documents) in answers.enumerated() {
            for document in documents {
                if let other = first[document] { parents[root(query)] = root(other) } else { first[document] = query }
            }
        }
        var groups: [Int: [Int]] = [:]
        for query in answers.indices { groups[root(query), default: []].append(query) }
        guard let largest = groups.values.map(\.count).max(), largest <= answers.count / parts else { return nil }
        var generator = SplitMix64(seed: seed)
        var filled = [[Int]](repeating: [], count: parts)
        for (_, group) in groups.sorted(by: { $0.key < $1.key }).shuffled(using: &generator) {
            let smallest = filled.indices.min { filled[$0].count < filled[$1].count } ?? 0
            filled[smallest] += group
        }
        self.parts = filled.map { $0.sorted() }
    }

    /// The queries that are not in a part.
    func others(than part: Int) -> [Int] { parts.indices.filter { $0 != part }.flatMap { parts[$0] }.sorted() }

    /// The part of each query.
    var partOf: [Int] {
        var partOf = [Int](repeating: 0, count: parts.reduce(0) { $0 + $1.count })
        for (part, queries) in parts.enumerated() { for query in queries { partOf[query] = part } }
        return partOf
    }
}
