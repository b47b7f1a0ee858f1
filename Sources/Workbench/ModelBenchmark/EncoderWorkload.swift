internal import Foundation
internal import TrawlCore
internal import TrawlEmbeddings
internal import TrawlModels
internal import TrawlTensors

/// Batch embedding, and the latency of one query; tokenisation is part of both.
struct EncoderWorkload: Workload {
    static let sampleCount = 256

    private let embedder: TextEmbedder
    private let texts: [String]
    let tasks: [WorkloadTask]

    init(_ folder: ModelFolder, _ precision: Precision, _ texts: [String], _ pool: ThreadPool) throws {
        let embedder = try TextEmbedder(folder: folder.path, precision: precision, pool: pool)
        let lengths = embedder.tokenCounts(of: texts)
        // As many words as make ten tokens with the special ones, or the nearest number below.
        let words = texts.joined(separator: " ").split(separator: " ").prefix(10)
        let starts = (0..<words.count).map { words[...$0].joined(separator: " ") }
        let counts = embedder.tokenCounts(of: starts)
        guard let last = counts.lastIndex(where: { $0 <= 10 }) else {
            throw TrawlError(.invalidInput, "the texts begin with no short words", remedy: "name a file of prose")
        }
        let (asked, queryTokens) = (starts[last], counts[last])
        self.embedder = embedder
        self.texts = texts
        tasks = [
            WorkloadTask(
                name: "batch of \(texts.count) texts", tokens: lengths.reduce(0, +),
                operations: lengths.reduce(0) { $0 + embedder.operations(tokens: $1) }
            ) { _ = try embedder.embed(texts) },
            WorkloadTask(
                name: "query of \(queryTokens) tokens", tokens: queryTokens,
                operations: embedder.operations(tokens: queryTokens), isLatency: true
            ) { _ = try embedder.embed([asked]) },
        ]
    }

    func loss(of other: EncoderWorkload) throws -> [ModelBenchmark.Loss] {
        let (exact, approximate) = (try embedder.embed(texts), try other.embedder.embed(texts))
        let cosines = texts.indices.map { row in
            let (a, b) = (exact[row], approximate[row])
            var (dot, left, right) = (0.0, 0.0, 0.0)
            for (x, y) in zip(a, b) {
                dot += Double(x) * Double(y)
                left += Double(x) * Double(x)
                right += Double(y) * Double(y)
            }
            return dot / (left * right).squareRoot()
        }
        return [
            .init(name: "cosine to f32, mean", value: cosines.reduce(0, +) / Double(max(cosines.count, 1))),
            .init(name: "cosine to f32, worst", value: cosines.min() ?? 1),
        ]
    }
}
