public import TrawlCore
public import TrawlStore

/// Writes the token vectors of a segment that is put together from slices of others: nothing is encoded or compressed again.
public enum LateSegmentMerger {
    /// - Throws: `corrupted` when a slice's segment is, `incompatible` for segments of different shapes.
    public static func merge(
        _ slices: [SegmentSlice], into writer: SegmentWriter, progress: any ProgressReporter = .silent
    ) throws {
        let stores = try slices.map { try TokenStore($0.reader) }
        guard let first = stores.first?.shape else { return }
        try requireEqualShapes(stores)
        let output = TileWriter(
            dimension: Int(first.dimension), bits: Int(first.bits), centroidCount: Int(first.centroidCount),
            into: writer)
        for (slice, store) in zip(slices, stores) {
            for passage in slice.passages.joined() {
                try output.beginPassage()
                for number in store.tokens(of: Int(passage)) {
                    let token = store.token(number)
                    guard token.centroid < Int(first.centroidCount) else {
                        throw LateSegment.damaged(slice.reader, "token \(number) has a centroid that does not exist")
                    }
                    try output.append(
                        centroid: UInt16(token.centroid), factor: token.factor, residual: token.residual)
                }
                progress.advance(1)
            }
        }
        try output.finish()
    }
}

/// - Throws: `incompatible` for segments whose vectors were compressed in different ways.
func requireEqualShapes(_ stores: [TokenStore]) throws(TrawlError) {
    for (before, after) in zip(stores, stores.dropFirst())
    where before.shape.dimension != after.shape.dimension || before.shape.bits != after.shape.bits
        || before.shape.centroidCount != after.shape.centroidCount
    {
        throw TrawlError(
            .incompatible,
            "segment \(after.reader.info.number) stores token vectors in another way than segment \(before.reader.info.number)",
            path: after.reader.snapshot.path, remedy: "build the index again")
    }
}
