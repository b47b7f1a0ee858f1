import TrawlCore
import TrawlTensors

/// How one head did on examples that it had not learned from.
public struct HeadTrial: Codable, Sendable, Equatable {
    public let head: HeadKind
    /// What was chosen for it, such as `k`.
    public let settings: [String: Double]
    /// nil where every class has one example, so that none can be held out.
    public let accuracy: Double?
    /// The mean of -ln of the probability of the right class, after calibration.
    public let logLoss: Double?

    enum CodingKeys: String, CodingKey {
        case head, settings, accuracy
        case logLoss = "log_loss"
    }
}

/// Fits heads to examples, and chooses among them.
struct HeadSelection {
    /// nil: the best.
    var head: HeadKind?
    /// The vectors of the labels' descriptions, `[classes, dimension]`, for the head `labels`.
    var descriptions: Matrix<Float>?

    struct Outcome {
        let head: any ClassifierHead
        /// nil: not known.
        let temperature: Double?
        let trials: [HeadTrial]
        let heldOut: Int
    }

    /// The heads that are tried.
    func kinds(_ examples: ClassifierExamples, progress: any ProgressReporter) -> [HeadKind] {
        if let head { return [head] }
        if examples.count == 0 { return [.labels] }
        return HeadKind.allCases.filter { kind in
            switch kind {
            case .kernel:
                if examples.count > KernelHead.mostExamples {
                    progress.warn(
                        "the head 'kernel' was not tried: it takes up to \(KernelHead.mostExamples) examples, "
                            + "here are \(examples.count)")
                    return false
                }
                return true
            case .labels:
                return descriptions != nil && examples.count <= LabelsHead.mostExamples
            default: return true
            }
        }
    }

    /// - Throws: `TrawlError.invalidInput` for a head that cannot be fitted to these examples; what linear algebra throws.
    func run(
        _ examples: ClassifierExamples, progress: any ProgressReporter
    ) throws -> Outcome {
        let validation = Validation(examples)
        let kinds = kinds(examples, progress: progress)
        var trials: [HeadTrial] = []
        var tried: [(head: any ClassifierHead, temperature: Double?)] = []
        var judged: [Calibration] = []
        progress.begin("classifier heads", total: kinds.count, unit: "heads")
        defer { progress.end() }
        // Without a validation descriptions, or else the kernel, are the best guess: see eval/results/learning.md.
        let guess: HeadKind = kinds.contains(.labels) ? .labels : kinds.contains(.kernel) ? .kernel : .logistic
        for kind in validation.rows.isEmpty && kinds.count > 1 ? [guess] : kinds {
            let fitted = try fit(kind, examples, validation, known: nil)
            let calibration = fitted.heldOut.map { Calibration($0, validation.targets) }
            // Heads are compared after the same loss of examples; alone, one is judged by its own way of leaving them out.
            let compared =
                try kinds.count > 1 && calibration != nil && !kind.isCrossValidated
                ? Calibration(
                    validation.crossValidated(examples) { try refit(kind, settings: fitted.head.settings, $0) },
                    validation.targets) : calibration
            trials.append(
                HeadTrial(
                    head: kind, settings: fitted.head.settings, accuracy: compared?.accuracy,
                    logLoss: compared?.logLoss))
            tried.append((fitted.head, calibration?.temperature))
            if let compared { judged.append(compared) }
            progress.advance(1)
        }
        let best = tried[Calibration.best(judged, of: validation.rows.count) ?? 0]
        return Outcome(
            head: best.head, temperature: best.temperature, trials: trials, heldOut: validation.rows.count)
    }

    /// The head of these settings, fitted to all examples.
    func refit(
        _ kind: HeadKind, settings: [String: Double], _ examples: ClassifierExamples
    ) throws -> any ClassifierHead {
        try fit(kind, examples, .none, known: settings).head
    }

    private func fit(
        _ kind: HeadKind, _ examples: ClassifierExamples, _ validation: Validation, known: [String: Double]?
    ) throws -> FittedHead {
        switch kind {
        case .centroid, .step: return try MeanHead.fit(kind, examples, validation)
        case .nn:
            if let k = known?["k"] { return FittedHead(head: NearestHead(k: Int(k)), heldOut: nil) }
            return try NearestHead.fit(examples, validation)
        case .hilbert:
            if let exponent = known?["exponent"] {
                return FittedHead(head: HilbertHead(exponent: exponent), heldOut: nil)
            }
            return try HilbertHead.fit(examples, validation)
        case .ridge: return try LinearHead.fitRidge(examples, validation, penalty: known?["penalty"])
        case .logistic: return try LinearHead.fitLogistic(examples, validation, strength: known?["strength"])
        case .kernel:
            guard examples.count <= KernelHead.mostExamples else {
                throw TrawlError(
                    .unsupported,
                    "the head 'kernel' takes up to \(KernelHead.mostExamples) examples, here are \(examples.count)",
                    remedy: "take 'logistic' or 'ridge', or fewer examples")
            }
            return try KernelHead.fit(examples, validation, settings: known)
        case .labels:
            guard let descriptions else {
                throw TrawlError(.invalidInput, "the head 'labels' needs descriptions of the labels")
            }
            guard examples.count <= LabelsHead.mostExamples else {
                throw TrawlError(
                    .unsupported,
                    "the head 'labels' takes up to \(LabelsHead.mostExamples) examples, here are \(examples.count)",
                    remedy: "take 'logistic', which needs no descriptions, or fewer examples")
            }
            return try LabelsHead.fit(
                examples, descriptions, validation, epochs: known?["epochs"].map { Int($0) })
        }
    }
}

/// What probabilities are made with where no example could be held out: about what was best for other training examples of
/// Banking77, with one for each label.
func assumedTemperature(of kind: HeadKind) -> Double {
    switch kind {
    case .centroid, .step: 0.06
    case .ridge: 0.015
    case .kernel: 0.02
    case .logistic: 0.35
    case .hilbert: 0.5
    case .nn, .labels: 1
    }
}
