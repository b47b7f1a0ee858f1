import Synchronization
import TrawlCore
import TrawlEngine

/// The passages that a session has found in shards, numbered for the stages after retrieval, and their texts.
///
/// Retrievers get numbers in the order in which passages are found. `numbered` replaces them by numbers in the order of the
/// corpus, as an index has them, so that all later stages break ties as they do over one index.
final class ClusterDocuments: SearchedDocuments {
    /// A passage that was found.
    struct Found: Sendable {
        let shard: Int
        /// Its number in the shard.
        let passage: UInt32
        /// The number of its document over all shards.
        let document: UInt32
        /// The position of its document in the corpus.
        let position: UInt64

        func precedes(_ other: Found) -> Bool {
            (position, shard, passage) < (other.position, other.shard, other.passage)
        }
    }

    private struct Key: Hashable {
        let shard: Int
        let passage: UInt32
    }

    private struct State {
        /// By the numbers of passages.
        var found: [Found] = []
        var numbers: [Key: UInt32] = [:]
        var texts: [UInt32: FetchedPassage] = [:]
        /// By the numbers of documents.
        var ids: [UInt32: DocumentID] = [:]

        /// Keeps the passages that are `used` and forgets those of earlier batches.
        ///
        /// - Returns: their new numbers, which are in the order of the corpus, by the old ones.
        mutating func keep(_ used: Set<UInt32>) -> [UInt32: UInt32] {
            let kept = used.map { (old: $0, found: found[Int($0)]) }.sorted { $0.found.precedes($1.found) }
            self = State()
            var new: [UInt32: UInt32] = [:]
            for entry in kept {
                let number = UInt32(found.count)
                new[entry.old] = number
                numbers[Key(shard: entry.found.shard, passage: entry.found.passage)] = number
                found.append(entry.found)
            }
            return new
        }
    }

    private let index: ClusterIndex
    private let state = Mutex(State())

    init(_ index: ClusterIndex) { self.index = index }

    var documentCount: Int { index.documentCount }
    var passageCount: Int { index.passageCount }

    // MARK: - Retrieval

    /// For each query the best `limit` of what the shards found for it, as answers by shard.
    ///
    /// - Throws: `TrawlError.corrupted` for answers to another number of queries, and for passages that a shard does not have.
    func rankings(_ answers: [[[ShardHit]]?], queries: Int, limit: Int) throws -> [Ranking] {
        for (shard, answer) in answers.enumerated() {
            guard let answer, answer.count != queries else { continue }
            throw index.shards.impossible("\(answer.count) rankings for \(queries) queries", of: shard)
        }
        return try (0..<queries).map { query in
            try ranking(answers.map { $0?[query] ?? [] }, limit: limit)
        }
    }

    /// The best `limit` of the hits of each shard, ties in the order of the corpus.
    ///
    /// - Throws: `TrawlError.corrupted` for passages that a shard does not have.
    func ranking(_ hits: [[ShardHit]], limit: Int) throws -> Ranking {
        var all: [(hit: ShardHit, shard: Int)] = []
        for (shard, list) in hits.enumerated() {
            let bounds = (index.descriptions[shard].passageBound, index.descriptions[shard].documentBound)
            for hit in list {
                guard hit.passage < bounds.0, hit.document < bounds.1 else {
                    throw index.shards.impossible("it has no passage \(hit.passage)", of: shard)
                }
                all.append((hit, shard))
            }
        }
        all.sort { a, b in
            if a.hit.score != b.hit.score { return a.hit.score > b.hit.score }
            return (a.hit.position, a.shard, a.hit.passage) < (b.hit.position, b.shard, b.hit.passage)
        }
        return state.withLock { state in
            Ranking(
                all.prefix(limit).map { entry in
                    ScoredPassage(register(entry.hit, of: entry.shard, &state), entry.hit.score)
                })
        }
    }

    private func register(_ hit: ShardHit, of shard: Int, _ state: inout State) -> PassageID {
        let key = Key(shard: shard, passage: hit.passage)
        if let known = state.numbers[key] { return PassageID(known) }
        let number = UInt32(state.found.count)
        state.numbers[key] = number
        state.found.append(
            Found(
                shard: shard, passage: hit.passage, document: index.documentBases[shard] + hit.document,
                position: hit.position))
        return PassageID(number)
    }

    func numbered(_ found: [[Retrieved]]) -> [[Retrieved]] {
        let used = Set(found.joined().flatMap { $0.ranking.map(\.passage.rawValue) })
        let numbers = state.withLock { $0.keep(used) }
        return found.map { queries in
            queries.map { result in
                result.with(
                    Ranking(
                        result.ranking.map { entry in
                            ScoredPassage(PassageID(numbers[entry.passage.rawValue] ?? 0), entry.score)
                        }))
            }
        }
    }

    /// Where a passage is.
    func found(_ id: PassageID) throws -> Found {
        try state.withLock { state in
            guard Int(id.rawValue) < state.found.count else {
                throw TrawlError(.notFound, "passage \(id.rawValue) was not found by this search")
            }
            return state.found[Int(id.rawValue)]
        }
    }

    /// What `question` gets for each of `passages`, of the shards that they are in.
    func ask<Question: ShardQuestion, Value>(
        _ passages: [PassageID], _ question: ([UInt32]) -> Question
    ) throws -> [Value] where Question.Answer == [Value] {
        let places = try passages.map(found)
        var wanted = [[UInt32]](repeating: [], count: index.shardCount)
        var slots: [Int] = []
        for place in places {
            slots.append(wanted[place.shard].count)
            wanted[place.shard].append(place.passage)
        }
        let answers = try index.shards.ask(wanted.map { $0.isEmpty ? nil : question($0) })
        return try zip(places, slots).map { place, slot in
            guard let answer = answers[place.shard], slot < answer.count else {
                // A shard that was lost after its passages were found leaves nothing to show of them.
                throw TrawlError(
                    .unavailable, "shard \(place.shard) did not answer for the passages that it found",
                    remedy: "search again")
            }
            return answer[slot]
        }
    }

    // MARK: - SearchedDocuments

    func prepare(_ passages: [PassageID]) throws {
        let missing = state.withLock { state in
            var seen: Set<PassageID> = []
            return passages.filter { state.texts[$0.rawValue] == nil && seen.insert($0).inserted }
        }
        guard !missing.isEmpty else { return }
        let fetched = try ask(missing) { FetchPassages(passages: $0) }
        state.withLock { state in
            for (id, text) in zip(missing, fetched) {
                state.texts[id.rawValue] = text
                state.ids[state.found[Int(id.rawValue)].document] = DocumentID(text.document)
            }
        }
    }

    private func text(_ id: PassageID) throws -> FetchedPassage {
        try prepare([id])
        guard let text = state.withLock({ $0.texts[id.rawValue] }) else {
            throw TrawlError(.corrupted, "a shard gave no text for passage \(id.rawValue)")
        }
        return text
    }

    func passage(_ id: PassageID) throws -> StoredPassage {
        let text = try text(id)
        return StoredPassage(
            document: DocumentID(text.document), title: text.title, section: text.section, text: text.text,
            ordinal: text.ordinal, range: text.range.bytes)
    }

    func range(of id: PassageID) throws -> TextRange { try text(id).range }

    func metadata(of id: PassageID) throws -> DocumentMetadata { try DocumentMetadata(received: text(id).metadata) }

    func documentNumber(of id: PassageID) throws -> UInt32 { try found(id).document }

    func documentID(_ number: UInt32) throws -> DocumentID {
        guard let id = state.withLock({ $0.ids[number] }) else {
            throw TrawlError(.notFound, "document \(number) was not fetched")
        }
        return id
    }

    func passages(of id: DocumentID) throws -> [PassageID] {
        let answers = try index.shards.askEach(DocumentPassages(document: id.rawValue)).map { $0 ?? [] }
        return state.withLock { state in
            var unknown = UInt32.max
            return answers.enumerated().flatMap { shard, hits in
                hits.map { hit in
                    if let known = state.numbers[Key(shard: shard, passage: hit.passage)] { return PassageID(known) }
                    // Nothing was found that has these numbers.
                    unknown -= 1
                    return PassageID(unknown)
                }
            }
        }
    }
}
