public import TrawlCore

/// How sign codes are made from vectors.
public enum CodeSettings: Equatable, Sendable {
    /// A bit for each dimension of the vector, rotated at random.
    case rotated
    /// Codes of this size, learned from the vectors of the segment. A segment with too few vectors gets rotated codes.
    case learned(bits: Int)

    /// The size of learned codes unless another is asked for.
    public static let usualBits = 192

    /// Codes are stored eight dimensions to a byte; fewer than 32 say next to nothing.
    static func isPossible(bits: Int, dimension: Int) -> Bool {
        bits % 8 == 0 && bits >= 32 && bits <= dimension
    }

    /// - Throws: `invalidInput` for a size that vectors of this dimension cannot have.
    public func check(dimension: Int) throws(TrawlError) {
        guard case .learned(let bits) = self, !Self.isPossible(bits: bits, dimension: dimension) else { return }
        throw TrawlError(
            .invalidInput, "vectors of \(dimension) dimensions cannot have learned codes of \(bits) bits",
            remedy: "use a multiple of 8, at least 32 and at most the number of dimensions")
    }
}
