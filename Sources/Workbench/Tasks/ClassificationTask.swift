import TrawlClassification
import TrawlCore
import TrawlEmbeddings
import TrawlEvaluation
import TrawlTensors
import TrawlTraining

extension EmbeddingTaskEvaluation {
    /// Classification: the mean over experiments, each of which fits a logistic regression to a few examples of each class.
    func classification(
        _ training: (path: String, texts: LabelledTexts), _ test: (path: String, texts: LabelledTexts), _ index: Int,
        _ source: TextVectors
    ) throws -> Row {
        let labels = training.texts.labels.map { $0[0] }
        let testLabels = test.texts.labels.map { $0[0] }
        let classes = Classifier.sorted(Set(labels))
        guard classes.count > 1 else {
            throw TrawlError(
                .invalidInput, "all training examples have the label \(classes.first ?? "")", path: training.path,
                remedy: "give examples of at least two classes")
        }
        let unknown = Classifier.sorted(Set(testLabels).subtracting(classes))
        guard unknown.count < Set(testLabels).count else {
            throw TrawlError(
                .invalidInput,
                "no label of the test occurs in \(training.path); the first is \(testLabels.first ?? "")",
                path: test.path, remedy: "check that both files have the same kind of labels")
        }
        warnOfLabels(labels, classes, testLabels, unknown, training.path, test.path, source.progress)
        let numbers = Dictionary(uniqueKeysWithValues: (classes + unknown).enumerated().map { ($1, $0) })
        let targets = labels.compactMap { numbers[$0] }
        let testTargets = testLabels.compactMap { numbers[$0] }

        let draws = draws(targets, classes.count)
        let used = Set(draws.joined()).sorted()
        let known: (Int) -> Int
        var examples = try source.embedder.map { _ in
            try source.vectors(of: used.map { training.texts.texts[$0] }, training.path, index)
        }
        if examples == nil {
            examples = try source.vectors(of: training.texts.texts, training.path, index)
            known = { $0 }
        } else {
            let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
            known = { places[$0] ?? 0 }
        }
        let tests = try source.vectors(of: test.texts.texts, test.path, index + 1)
        guard let examples, examples.dimension == tests.dimension else {
            throw TrawlError(
                .invalidInput,
                "the vectors of \(training.path) have \(examples?.dimension ?? 0) dimensions, those of \(test.path) "
                    + "\(tests.dimension)", remedy: "give vectors of one model")
        }
        let matrix = try tests.chosen(0..<tests.count)
        source.progress.begin("classifiers", total: draws.count, unit: "experiments")
        defer { source.progress.end() }
        let found = try draws.map { draw in
            defer { source.progress.advance(1) }
            let model = try LogisticRegression(
                fitting: examples.chosen(draw.map(known)), draw.map { targets[$0] }, classes: classes.count)
            return ClassificationScores(try model.predict(matrix), testTargets)
        }
        func mean(_ value: (ClassificationScores) -> Double) -> Double {
            found.reduce(0) { $0 + value($1) } / Double(found.count)
        }
        var scores = [
            "accuracy": mean(\.accuracy), "f1": mean(\.f1), "f1_weighted": mean(\.weightedF1),
            "precision": mean(\.precision), "recall": mean(\.recall),
        ]
        if found[0].averagePrecision != nil { scores["ap"] = mean { $0.averagePrecision ?? 0 } }
        var row = row(
            test.path, index + 1, source, texts: test.texts.texts.count, main: "accuracy", scores,
            experiments: found.map(\.accuracy))
        row.training = training.path
        return row
    }

    /// The training examples of each experiment: the first of each class in an order that is shuffled once more for each, with
    /// the same seed, as in mteb.
    private func draws(_ targets: [Int], _ classes: Int) -> [[Int]] {
        var order = Array(targets.indices)
        return (0..<experiments).map { _ in
            var twister = MersenneTwister(numpySeed: seed)
            twister.shuffle(&order)
            var counts = [Int](repeating: 0, count: classes)
            return order.filter { index in
                counts[targets[index]] += 1
                return counts[targets[index]] <= examplesPerLabel
            }
        }
    }

    private func warnOfLabels(
        _ labels: [String], _ classes: [String], _ testLabels: [String], _ unknown: [String], _ training: String,
        _ test: String, _ progress: any ProgressReporter
    ) {
        let counts = labels.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        let rare = classes.filter { counts[$0, default: 0] < examplesPerLabel }
        if let rarest = rare.min(by: { counts[$0, default: 0] < counts[$1, default: 0] }) {
            progress.warn(
                "\(training): labels with fewer than \(examplesPerLabel) examples: \(rare.count) of \(classes.count); "
                    + "\(rarest) has \(counts[rarest, default: 0])")
        }
        if let first = unknown.first {
            let texts = testLabels.count { unknown.contains($0) }
            progress.warn(
                "\(test): texts whose label has no training example, which cannot be classified right: \(texts) of "
                    + "\(testLabels.count); the first label is \(first)")
        }
    }
}
