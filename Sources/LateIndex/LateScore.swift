public import TrawlTensors

/// The late-interaction score of a passage that is not stored: the sum, over the query's tokens, of the largest dot product with
/// one of the passage's. Without tokens it is the lowest possible.
///
/// - Parameters:
///   - query: vectors of length 1, `[count, dimension]`.
///   - passage: the same.
/// - Complexity: O(tokens of both * dimension).
public func lateScore(_ query: [Float], _ passage: [Float], dimension: Int, pool: ThreadPool = .shared) -> Float {
    guard !passage.isEmpty else { return -Float(query.count / dimension) }
    return Dots(of: passage, to: query, dimension: dimension, pool: pool).best.reduce(0, +)
}
