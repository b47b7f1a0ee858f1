import ArgumentParser
import Foundation
import TrawlCore
import TrawlStore
import TrawlVectorIndex

/// Builds vector indexes and measures their searches; `eval/speed/vectors.py` runs it beside its peers.
@main
struct VectorSpeed: ParsableCommand {
    static let configuration = CommandConfiguration(subcommands: [Build.self, Search.self, Cold.self])
}

/// Row-major float32 vectors without a header.
struct Vectors {
    let dimension: Int
    let data: Data
    var count: Int { data.count / 4 / dimension }

    init(_ path: String, dimension: Int) throws {
        self.dimension = dimension
        data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    }

    subscript(rows: Range<Int>) -> [Float] {
        data.withUnsafeBytes {
            Array($0.bindMemory(to: Float.self)[rows.lowerBound * dimension..<rows.upperBound * dimension])
        }
    }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let elapsed = try ContinuousClock().measure(body).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
}

struct Build: ParsableCommand {
    @Argument var vectors: String
    @Argument var output: String
    @Option var dimension = 384
    @Option var structure = "graph"
    /// The bits of learned sign codes; nil: rotated codes.
    @Option var codeBits: Int?
    @Option var format = "f32"
    @Option var metric = "cosine"
    @Option var degree = GraphSettings().degree
    @Option var width = GraphSettings().buildWidth
    @Option var slack = GraphSettings().slack
    @Option var threads = 2

    func run() throws {
        let source = try Vectors(vectors, dimension: dimension)
        var settings = VectorSettings()
        settings.structure = ["exact": .exact, "binary": .binary, "graph": .graph][structure]
        settings.codes = codeBits.map { .learned(bits: $0) } ?? .rotated
        settings.format = ["f32": .f32, "f16": .f16, "int8": .int8][format] ?? .f32
        settings.metric = ["cosine": .cosine, "dot": .dot, "euclidean": .euclidean][metric] ?? .cosine
        settings.graph.degree = degree
        settings.graph.buildWidth = width
        settings.graph.slack = slack
        try? FileManager.default.removeItem(atPath: output)
        let session = try Store.create(at: output).write()
        let writer = session.newSegment()
        let builder = try VectorSegmentBuilder(dimension: dimension, settings, threads: threads, into: writer)
        let copying = try seconds {
            for start in stride(from: 0, to: source.count, by: 4096) {
                try builder.append(source[start..<min(start + 4096, source.count)])
            }
        }
        let building = try seconds { try builder.finish() }
        let info = SegmentInfo(
            number: writer.number, documentCount: UInt32(source.count), passageCount: UInt32(source.count))
        let committing = try seconds { try session.commit(segments: [info]) }
        let segment = try Store.open(at: output).snapshot().segments[0]
        let bytes = try segment.blobSizes().reduce(0) { $0 + $1.bytes }
        let links = structure == "graph" ? 4 * degree * source.count : 0
        print(
            """
            {"copying": \(copying), "building": \(building), "committing": \(committing), "bytes": \(bytes), \
            "raw": \(4 * dimension * source.count), "links": \(links)}
            """)
    }
}

/// What a process waits for that asks one query: opening the index, and the search.
struct Cold: ParsableCommand {
    @Argument var index: String
    @Argument var queries: String
    @Option var dimension = 384
    /// Makes the system forget the file's pages, so that they come from the disk.
    @Flag var dropsPages = false

    func run() throws {
        if dropsPages {
            for file in try FileManager.default.contentsOfDirectory(atPath: index) {
                let descriptor = open("\(index)/\(file)", O_RDONLY)
                posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
                close(descriptor)
            }
        }
        let query = try Vectors(queries, dimension: dimension)[0..<1]
        var searcher: VectorSearcher?
        let opening = try seconds { searcher = try VectorSearcher(Store.open(at: index).snapshot().segments) }
        let searching = try seconds { _ = try searcher?.search(query, k: 10) }
        print(#"{"opening": \#(opening), "searching": \#(searching)}"#)
    }
}

struct Search: ParsableCommand {
    @Argument var index: String
    @Argument var queries: String
    /// The true neighbours, `[queries, depth]` u32.
    @Option var truth: String
    @Option var depth = 100
    /// The vectors that were indexed, to tell by their dot products what counts as near: some are there twice.
    @Option var vectors: String
    @Option var dimension = 384
    @Option var k = 10
    @Option(parsing: .upToNextOption) var widths: [Int] = []
    @Option(parsing: .upToNextOption) var rescored: [Int] = []
    @Option var repeats = 3
    @Option var threads = 1
    /// 1: each query alone.
    @Option var batch = 1
    @Flag var exact = false
    /// Only so many of the queries.
    @Option var first = Int.max
    /// The share of passages that may be answered, chosen by a fixed hash.
    @Option var share: Double?

    private func product(_ query: [Float], _ base: Vectors, _ row: Int) -> Float {
        zip(query, base[row..<row + 1]).reduce(0) { $0 + $1.0 * $1.1 }
    }

    func run() throws {
        let source = try Vectors(queries, dimension: dimension)
        let all = (0..<min(first, source.count)).map { source[$0..<$0 + 1] }
        let truth = try Data(contentsOf: URL(fileURLWithPath: self.truth)).withUnsafeBytes {
            Array($0.bindMemory(to: UInt32.self))
        }
        let base = try Vectors(vectors, dimension: dimension)
        let segments = try Store.open(at: index).snapshot().segments
        let searcher = try VectorSearcher(segments)
        var options = VectorSearchOptions()
        options.threads = threads
        options.isExact = exact
        if let share {
            var members = BitSet(bound: searcher.count)
            var random = SplitMix64(seed: 42)
            for passage in 0..<searcher.count where Double(random.next() >> 11) < share * 0x1p53 {
                members.insert(passage)
            }
            options.filter = PassageFilter(members)
        }
        // The least score that counts as near.
        var bars = all.indices.map { product(all[$0], base, Int(truth[$0 * depth + k - 1])) }
        if share != nil {
            var exactly = options
            exactly.isExact = true
            let (found, qps) = try measure(searcher, all, exactly)
            bars = found.map { $0.last?.score ?? -2 }
            print(#"{"exact": true, "qps": \#(qps)}"#)
        }
        for width in widths.isEmpty ? [nil] : widths.map({ Optional($0) }) {
            for rescored in rescored.isEmpty ? [nil] : rescored.map({ Optional($0) }) {
                options.width = width
                options.rescored = rescored
                let (found, qps) = try measure(searcher, all, options)
                var hits = 0
                for (query, ranking) in found.enumerated() {
                    hits += ranking.count { product(all[query], base, Int($0.passage.rawValue)) >= bars[query] - 1e-6 }
                }
                let recall = Double(hits) / Double(found.reduce(0) { $0 + $1.count })
                print(
                    """
                    {"width": \(width ?? 0), "rescored": \(rescored ?? 0), "recall": \(recall), "qps": \(qps)}
                    """)
            }
        }
    }

    /// The answers, and how many the best of some rounds gave a second.
    private func measure(_ searcher: VectorSearcher, _ queries: [[Float]], _ options: VectorSearchOptions) throws
        -> (found: [Ranking], qps: Double)
    {
        var found: [Ranking] = []
        let times = try (0..<repeats).map { _ in
            found = []
            return try seconds {
                for start in stride(from: 0, to: queries.count, by: batch) {
                    found += try searcher.search(
                        Array(queries[start..<min(start + batch, queries.count)]), k: k, options)
                }
            }
        }
        return (found, Double(queries.count) / (times.min() ?? 0))
    }
}
