import TrawlCore
import TrawlEmbeddings
import TrawlEvaluation
import TrawlTensors

extension EmbeddingTaskEvaluation {
    /// How many texts are drawn, with replacement, for an experiment, and the batches of k-means on them: as in mteb.
    private static let drawnTexts = 16_384
    private static let batchSize = 512
    /// The batches where every record is clustered by itself.
    private static let batchSizeOfSets = 500

    /// Clustering: the mean V-measure over experiments, and over levels where labels are hierarchical. Records that hold lists
    /// are clustered one by one instead.
    func clustering(_ texts: LabelledTexts, _ file: String, _ index: Int, _ source: TextVectors) throws -> Row {
        guard Set(texts.labels.map { $0[0] }).count > 1 else {
            throw TrawlError(
                .invalidInput, "all texts have the label \(texts.labels.first?[0] ?? "")", path: file,
                remedy: "give texts of at least two clusters")
        }
        if let sample, !texts.sets.isEmpty {
            throw TrawlError(
                .invalidInput, "the records hold lists of texts, of which \(sample) cannot be drawn", path: file,
                remedy: "cluster them all, or write one text to a record")
        }
        var twister = MersenneTwister(pythonSeed: seed)
        let count = texts.texts.count
        var chosen = Array(0..<count)
        if let sample, sample < count { chosen = twister.sample(count, sample) }
        let matrix: EmbeddingMatrix
        if source.embedder == nil {
            let all = try source.vectors(of: texts.texts, file, index)
            matrix = EmbeddingMatrix(
                count: chosen.count, dimension: all.dimension, values: chosen.flatMap { Array(all[$0]) })
        } else {
            matrix = try source.vectors(of: chosen.map { texts.texts[$0] }, file, index)
        }
        let scores =
            texts.sets.isEmpty
            ? try bootstrapped(chosen.map { texts.labels[$0] }, matrix, file, &twister, source.progress)
            : try setBySet(texts, matrix, file, source.progress)
        let mean = scores.reduce(0, +) / Double(scores.count)
        let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)
        return row(
            file, index, source, texts: chosen.count, main: "v_measure",
            ["v_measure": mean, "v_measure_std": variance.squareRoot()], experiments: scores)
    }

    private func bootstrapped(
        _ labels: [[String]], _ matrix: EmbeddingMatrix, _ file: String, _ twister: inout MersenneTwister,
        _ progress: any ProgressReporter
    ) throws -> [Double] {
        let depth = labels.map(\.count).max() ?? 1
        var scores: [Double] = []
        progress.begin("clustering", total: depth * experiments, unit: "experiments")
        defer { progress.end() }
        for level in 0..<depth {
            let members = labels.indices.filter { labels[$0].count > level }
            let classes = numbers(members.map { labels[$0][level] })
            let count = Set(classes).count
            guard count <= Self.drawnTexts else {
                throw TrawlError(
                    .invalidInput,
                    "\(count) labels are more clusters than the \(Self.drawnTexts) texts of an experiment", path: file,
                    remedy: "give several texts the same label, or cluster lists of texts record by record")
            }
            let kMeans = MiniBatchKMeans(clusters: count, batchSize: Self.batchSize, seed: seed)
            for _ in 0..<experiments {
                let drawn = twister.choices(members.count, Self.drawnTexts)
                let clusters = try kMeans.cluster(matrix.chosen(drawn.lazy.map { members[$0] }))
                scores.append(ClusterAgreement(classes: drawn.map { classes[$0] }, clusters: clusters).vMeasure)
                progress.advance(1)
            }
        }
        return scores
    }

    private func setBySet(
        _ texts: LabelledTexts, _ matrix: EmbeddingMatrix, _ file: String, _ progress: any ProgressReporter
    ) throws -> [Double] {
        progress.begin("clustering", total: texts.sets.count, unit: "records")
        defer { progress.end() }
        var uniform = 0
        let scores = try texts.sets.map { set in
            defer { progress.advance(1) }
            let classes = numbers(set.map { texts.labels[$0][0] })
            let count = Set(classes).count
            // mteb gives a record of one class the full score.
            guard count > 1 else {
                uniform += 1
                return 1.0
            }
            let kMeans = MiniBatchKMeans(clusters: count, batchSize: Self.batchSizeOfSets, seed: seed)
            return ClusterAgreement(classes: classes, clusters: try kMeans.cluster(matrix.chosen(set))).vMeasure
        }
        if uniform > 0 {
            progress.warn("\(file): records of one cluster, which count with 1: \(uniform) of \(texts.sets.count)")
        }
        return scores
    }

    private func numbers(_ labels: [String]) -> [Int] {
        var known: [String: Int] = [:]
        return labels.map { label in
            let number = known[label] ?? known.count
            known[label] = number
            return number
        }
    }
}
