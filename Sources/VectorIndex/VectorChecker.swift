public import TrawlStore

extension VectorSearcher {
    /// Verifies checksums and values of the vectors of `segment`, and that its structure belongs to them.
    /// - Throws: `corrupted` naming what is wrong.
    public static func check(_ segment: SegmentReader) throws {
        let opened = try SearchedSegment(segment)
        try segment.verifyChecksums(VectorSegment.rows)
        if opened.metric == .euclidean { try segment.verifyChecksums(VectorSegment.squaredLengths) }
        for row in 0..<opened.rows.count {
            let vector = opened.rows[row]
            guard vector.allSatisfy(\.isFinite) else {
                throw VectorSegment.damaged(segment, "the vector of passage \(row) is not finite")
            }
            let square = vector.withUnsafeBufferPointer { Normalisation.squaredLength($0) }
            if opened.metric == .cosine, square != 0, abs(square - 1) > opened.rows.format.tolerance {
                throw VectorSegment.damaged(segment, "the vector of passage \(row) does not have length 1")
            }
            if let lengths = opened.squaredLengths, lengths.load(row, as: Float.self) != square {
                throw VectorSegment.damaged(segment, "the squared length of vector \(row) is wrong")
            }
        }
        switch opened.codes {
        case .none: break
        case .signs(let codes):
            try segment.verifyChecksums(VectorSegment.centre)
            if codes.image.isLearned { try segment.verifyChecksums(VectorSegment.projection) }
            try segment.verifyChecksums(VectorSegment.signs)
        case .graph(let graph):
            try segment.verifyChecksums(VectorSegment.centre)
            try segment.verifyChecksums(VectorSegment.nibbles)
            try segment.verifyChecksums(VectorSegment.links)
            try check(graph, segment)
        }
    }

    /// Links lead to other vectors, each once, and stand in front of the gaps.
    private static func check(_ graph: VectorGraph, _ segment: SegmentReader) throws {
        let count = Int(graph.shape.rowCount)
        for vector in 0..<count {
            let neighbours = graph.neighbours(of: vector)
            let slots = graph.slots(of: vector)
            guard slots.prefix(neighbours.count).elementsEqual(neighbours),
                neighbours.allSatisfy({ Int($0) < count && Int($0) != vector }),
                Set(neighbours).count == neighbours.count
            else { throw VectorSegment.damaged(segment, "the links of vector \(vector) make no sense") }
        }
    }
}

extension RowFormat {
    /// How far from 1 the squared length of a stored vector of length 1 may be.
    fileprivate var tolerance: Float {
        switch self {
        case .f32: 1e-4
        case .f16: 2e-3
        case .int8: 5e-2
        }
    }
}
