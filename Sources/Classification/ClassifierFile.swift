import Foundation
import TrawlCore
import TrawlEmbeddings
import TrawlTensors

/// A classifier as a file: safetensors with the examples' vectors and the head's weights, and the rest as JSON in its metadata
/// under `classifier`.
///
/// | tensor | shape |
/// |---|---|
/// | `examples` | examples, dimension |
/// | `weights` (ridge, logistic) | labels, dimension + 1: the last column holds the intercepts |
/// | `coefficients` (kernel) | examples, labels |
/// | `descriptions`, `query`, `key`, `value`, `output`, `bias` (labels) | see `LabelsHead` |
extension Classifier {
    private static let key = "classifier"
    private static let version = 1

    private struct Record: Codable {
        var version: Int
        var head: HeadKind
        var settings: [String: Double]
        var temperature: Double
        var isCalibrated: Bool
        var labels: [String]
        var descriptions: [String]?
        var source: VectorSource
        var examples: [StoredExample]
        var targets: [Int]
        var trials: [HeadTrial]
        var heldOut: Int
        var writing: WrittenTrial?
    }

    /// Writes the file, which is whole or as it was.
    ///
    /// - Throws: `TrawlError.io` or `.full`.
    public func write(to path: String) throws {
        let record = Record(
            version: Self.version, head: head.kind, settings: head.settings, temperature: temperature,
            isCalibrated: isCalibrated, labels: labels, descriptions: descriptions, source: source, examples: examples,
            targets: targets, trials: trials, heldOut: heldOut, writing: writing)
        var writer = SafetensorsWriter()
        writer.metadata = [Self.key: String(decoding: try [UInt8](json: record), as: UTF8.self)]
        writer.add("examples", shape: [vectors.count, vectors.dimension], vectors.values)
        for (name, matrix) in head.weights.sorted(by: { $0.key < $1.key }) {
            writer.add(name, shape: [matrix.rows, matrix.columns], matrix.values)
        }
        try writer.write(to: path)
    }

    /// Reads a file that `write` made.
    ///
    /// - Throws: `TrawlError.notFound`, `.corrupted` for a file that contradicts itself, `.incompatible` for one of another
    ///   kind or version.
    public init(path: String) throws {
        let file: Safetensors
        do {
            file = try Safetensors(file: path)
        } catch let error as TrawlError where error.code != .notFound && error.code != .io {
            throw TrawlError(
                error.code, "this is not a classifier, or a damaged one: \(error.message)", path: path,
                remedy: "name a file that 'classify train' wrote")
        }
        guard let text = file.metadata[Self.key] else {
            throw TrawlError(
                .incompatible, "this is not a classifier", path: path, remedy: "name a file that 'classify train' wrote"
            )
        }
        let corrupted = { (message: String) in
            TrawlError(.corrupted, message, path: path, remedy: "train the classifier again")
        }
        struct Version: Decodable { let version: Int }
        if let version = try? JSONDecoder().decode(Version.self, from: Data(text.utf8)).version,
            version != Self.version
        {
            throw TrawlError(
                .incompatible, "the classifier has version \(version) of its format; this Trawl reads \(Self.version)",
                path: path, remedy: "train the classifier again")
        }
        let record: Record
        do { record = try JSONDecoder().decode(Record.self, from: Data(text.utf8)) } catch {
            throw corrupted("the classifier's description cannot be read")
        }
        let (count, classes, dimension) = (record.examples.count, record.labels.count, record.source.dimension)
        guard classes > 1, Set(record.labels).count == classes, 1...1_000_000 ~= dimension,
            record.targets.count == count,
            record.targets.allSatisfy({ 0 <= $0 && $0 < classes }), record.temperature > 0,
            record.temperature.isFinite, record.descriptions.map({ $0.count == classes }) ?? true
        else { throw corrupted("the classifier's labels, examples and numbers do not fit each other") }

        func matrix(_ name: String, _ rows: Int?, _ columns: Int?) throws -> Matrix<Float> {
            guard let tensor = file.tensor(named: name), tensor.type == .f32, tensor.shape.count == 2,
                rows ?? tensor.shape[0] == tensor.shape[0], columns ?? tensor.shape[1] == tensor.shape[1]
            else {
                throw corrupted("the tensor '\(name)' is missing or does not fit the labels and examples")
            }
            let values = try tensor.floats()
            guard values.allSatisfy(\.isFinite) else {
                throw corrupted("the tensor '\(name)' has values that are not finite")
            }
            return try Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: values)
        }
        func setting(_ name: String, _ range: ClosedRange<Double>) throws -> Double {
            guard let value = record.settings[name], range.contains(value) else {
                throw corrupted("the setting '\(name)' of the head \(record.head.rawValue) is missing or out of range")
            }
            return value
        }
        let examples = try matrix("examples", count, dimension)
        let head: any ClassifierHead
        switch record.head {
        case .centroid, .step: head = MeanHead(kind: record.head)
        case .nn: head = NearestHead(k: Int(try setting("k", 1...1e6)))
        case .hilbert: head = HilbertHead(exponent: try setting("exponent", 0...1e6))
        case .ridge, .logistic:
            head = LinearHead(
                kind: record.head, settings: record.settings, table: try matrix("weights", classes, dimension + 1))
        case .kernel:
            head = KernelHead(
                kernel: KernelHead.kernel(width: try setting("width", 0...1e6)),
                penalty: try setting("penalty", 0...1e9), coefficients: try matrix("coefficients", count, classes))
        case .labels:
            let epochs = Int(try setting("epochs", 0...Double(LabelsHead.mostEpochs)))
            let key = try matrix("key", LabelsHead.rank, nil)
            head = LabelsHead(
                stored: [
                    "descriptions": try matrix("descriptions", classes, dimension), "key": key,
                    "value": try matrix("value", LabelsHead.rank, key.columns),
                    "query": try matrix("query", LabelsHead.rank, dimension),
                    "output": try matrix("output", LabelsHead.rank, dimension), "bias": try matrix("bias", 1, classes),
                ], epochs: epochs)
        }
        let vectors = EmbeddingMatrix(count: count, dimension: dimension, values: examples.values)
        self.init(
            labels: record.labels, descriptions: record.descriptions, source: record.source,
            examples: record.examples, vectors: vectors,
            fitted: ClassifierExamples(try ClassifierInputs(vectors), record.targets, classes: classes),
            trials: record.trials, heldOut: record.heldOut, temperature: record.temperature,
            isCalibrated: record.isCalibrated, writing: record.writing, head: head)
    }
}
