import Testing
import TrawlCore
import TrawlStore
import TrawlTestSupport

@testable import TrawlVectorIndex

/// An index folder with vector segments that is removed with its owner.
final class VectorFixture {
    private let folder: TemporaryFolder
    var path: String { folder.path }
    let segments: [SegmentReader]
    let searcher: VectorSearcher

    convenience init(_ vectors: [[Float]], sizes: [Int], dimension: Int, _ metric: Metric = .cosine) throws {
        var settings = VectorSettings()
        settings.metric = metric
        try self.init(vectors, sizes: sizes, dimension: dimension, settings)
    }

    init(_ vectors: [[Float]], sizes: [Int], dimension: Int, _ settings: VectorSettings, threads: Int? = nil) throws {
        folder = try TemporaryFolder()
        let session = try Store.create(at: folder.path).write()
        var infos: [SegmentInfo] = []
        var rest = vectors[...]
        for size in sizes {
            let writer = session.newSegment()
            let builder = try VectorSegmentBuilder(dimension: dimension, settings, threads: threads, into: writer)
            for vector in rest.prefix(size / 2) { try builder.append(vector) }
            try builder.append(rest.prefix(size).dropFirst(size / 2).flatMap { $0 })
            #expect(builder.rowCount == size)
            try builder.finish()
            rest = rest.dropFirst(size)
            infos.append(
                SegmentInfo(number: writer.number, documentCount: UInt32(size), passageCount: UInt32(size)))
        }
        try session.commit(segments: infos)
        segments = try Store.open(at: folder.path).snapshot().segments
        searcher = try VectorSearcher(segments)
    }
}

extension VectorSearchOptions {
    static func threads(_ count: Int) -> VectorSearchOptions {
        var options = VectorSearchOptions()
        options.threads = count
        return options
    }

    static var exact: VectorSearchOptions {
        var options = VectorSearchOptions()
        options.isExact = true
        return options
    }
}

extension VectorSettings {
    init(_ structure: VectorStructure?, _ metric: Metric = .cosine, _ format: RowFormat = .f32) {
        self.init()
        self.structure = structure
        self.metric = metric
        self.format = format
    }
}

/// Vectors in clusters, as embeddings are, with some of them twice: the same for the same seed.
func clusteredVectors(_ count: Int, _ dimension: Int, seed: UInt64, length: ClosedRange<Float> = 1...1) -> [[Float]] {
    var random = SplitMix64(seed: seed)
    func normal() -> Float { (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -1...1, using: &random) } }
    var layout = SplitMix64(seed: 99)
    let centres = (0..<20).map { _ in (0..<dimension).map { _ in Float.random(in: -1...1, using: &layout) } }
    var vectors: [[Float]] = []
    for number in 0..<count {
        if number % 50 == 49, let twin = vectors.last {
            vectors.append(twin)
            continue
        }
        let centre = centres[Int.random(in: 0..<centres.count, using: &random)]
        let vector = centre.map { $0 + 0.7 * normal() }
        let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let scale = Float.random(in: length, using: &random) / norm
        vectors.append(vector.map { $0 * scale })
    }
    return vectors
}
