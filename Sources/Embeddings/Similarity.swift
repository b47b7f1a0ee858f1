/// How sentence-transformers compares two embeddings; more is nearer.
public enum Similarity: String, Sendable, CaseIterable {
    case cosine, dot
    /// The distances with their signs turned.
    case euclidean, manhattan

    /// - Parameters: two embeddings of one length. Sums are in double precision.
    public func callAsFunction(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        switch self {
        case .dot: return sum(a, b) { $0 * $1 }
        case .cosine:
            let lengths = (sum(a, a) { $0 * $1 } * sum(b, b) { $0 * $1 }).squareRoot()
            return lengths > 0 ? sum(a, b) { $0 * $1 } / lengths : 0
        case .euclidean: return -sum(a, b) { ($0 - $1) * ($0 - $1) }.squareRoot()
        case .manhattan: return -sum(a, b) { abs($0 - $1) }
        }
    }

    private func sum(
        _ a: ArraySlice<Float>, _ b: ArraySlice<Float>, _ term: (Double, Double) -> Double
    ) -> Double {
        zip(a, b).reduce(0) { $0 + term(Double($1.0), Double($1.1)) }
    }
}
