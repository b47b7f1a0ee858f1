import Foundation
public import TrawlCore

/// The documents of a query that a fitted fusion orders, each with its best passage, and what it reads of them.
public struct FusionCandidates: Sendable {
    /// In the order of the weighted sum.
    public let passages: [PassageID]
    /// The weighted sums.
    public let sums: [Float]
    /// What each method added to the sums; 0 where it did not find a document.
    public let parts: [[Float]]
    /// The features, a row for each candidate.
    public let features: [Float]

    /// The features of one candidate.
    public func row(_ candidate: Int) -> ArraySlice<Float> {
        let width = passages.isEmpty ? 0 : features.count / passages.count
        return features[candidate * width..<(candidate + 1) * width]
    }
}

/// Reads the features of a fitted fusion: how each method ranks a document, what methods know of its words and n-grams, and
/// what is known of the query.
///
/// Scores are compared within the first `depth` documents of a method, so that they do not depend on how many hits were
/// asked for. A method that does not find a document counts as if it had found it last.
struct FusionFeatures {
    let methods: [(name: String, evidence: RetrievalEvidence.Names)]
    let depth: Int
    let documents: any SearchedDocuments

    var names: [String] {
        methods.flatMap { method in
            (FittedFusion.rankFeatures + method.evidence.passage + method.evidence.query).map {
                "\(method.name): \($0)"
            }
        } + Self.ofAll
    }

    private static let ofAll = ["methods", "log passage length"]

    /// The documents that a method found, best first.
    private struct Found {
        var ranks: [UInt32: Int] = [:]
        var passages: [PassageID] = []
        var scores: [Float] = []

        /// The five features of the document of that rank; nil: of one that was not found.
        func features(_ rank: Int?) -> [Float] {
            guard let best = scores.first, let worst = scores.last else { return [0, 0, 0, 0, 0] }
            let score = rank.map { scores[$0] } ?? worst
            let mean = scores.reduce(0, +) / Float(scores.count)
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(scores.count)
            let deviation = variance.squareRoot()
            return [
                best > worst ? (score - worst) / (best - worst) : rank == nil ? 0 : 1,
                deviation > 0 ? (score - mean) / deviation : 0,
                rank.map { 1 / Float($0 + 1) } ?? 0,
                rank == nil ? 0 : 1,
                best - score,
            ]
        }
    }

    /// - Parameters:
    ///   - retrieved: what each method found, in the order of `methods`.
    ///   - number: what a passage is part of: its document, or itself.
    func candidates(
        _ retrieved: [Retrieved], _ fused: Fusion.Fused, number: (PassageID) throws -> UInt32
    ) throws -> FusionCandidates {
        let found = try retrieved.map { try first(of: $0.ranking, number) }
        var (passages, sums, numbers): ([PassageID], [Float], [UInt32]) = ([], [], [])
        for entry in fused.ranking {
            let number = try number(entry.passage)
            guard found.contains(where: { $0.ranks[number] != nil }) else { continue }
            passages.append(entry.passage)
            sums.append(entry.score)
            numbers.append(number)
        }
        var rows = [[Float]](repeating: [], count: passages.count)
        for (method, found) in zip(retrieved, found) {
            let evidence = try method.evidence()
            // The passage by which the method found the document.
            let own = zip(numbers, passages).map { number, shown in
                found.ranks[number].map { found.passages[$0] } ?? shown
            }
            let known = try evidence?.passages(own)
            for row in rows.indices {
                rows[row] += found.features(found.ranks[numbers[row]])
                if let evidence, let known { rows[row] += known[row] + evidence.query }
            }
        }
        for row in rows.indices {
            rows[row].append(Float(found.count { $0.ranks[numbers[row]] != nil }))
            rows[row].append(log(1 + Float(try documents.byteCount(of: passages[row]))))
        }
        return FusionCandidates(
            passages: passages, sums: sums,
            parts: retrieved.indices.map { method in numbers.map { fused.part(of: method, to: $0) ?? 0 } },
            features: rows.flatMap(\.self))
    }

    private func first(of ranking: Ranking, _ number: (PassageID) throws -> UInt32) rethrows -> Found {
        var found = Found()
        for entry in ranking {
            let number = try number(entry.passage)
            guard found.ranks[number] == nil else { continue }
            found.ranks[number] = found.passages.count
            found.passages.append(entry.passage)
            found.scores.append(entry.score)
            if found.passages.count == depth { break }
        }
        return found
    }
}
