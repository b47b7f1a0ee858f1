import Foundation
import TrawlCore
public import TrawlGeneration
import TrawlModels

/// The fitted weights of n-grams in a generator's folder.
public enum LearnedWeightsFile {
    static let name = "key_weights.json"

    /// The file of the generator at `path`.
    public static func path(generator path: String) -> String { path + "/" + name }

    /// Writes them beside the generator at `path`.
    public static func write(_ weights: LearnedKeyWeights, generator path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try OutputFile(Self.path(generator: path)).write(encoder.encode(weights) + [UInt8(ascii: "\n")])
    }

    /// Gives a generator the weights of the one that it was made of; none, if that has none.
    public static func copy(fromGenerator source: String, to target: String) throws {
        guard source != target else { return }
        if let weights = try read(generator: source) {
            try write(weights, generator: target)
        } else {
            try? FileManager.default.removeItem(atPath: path(generator: target))
        }
    }

    /// - Throws: `TrawlError.corrupted` when the generator at `path` has weights that cannot be read.
    public static func validate(generator path: String) throws { _ = try read(generator: path) }

    /// Those of the generator at `path`; nil when it has none.
    static func read(generator path: String) throws -> LearnedKeyWeights? {
        let file = Self.path(generator: path)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            return try JSONDecoder().decode(LearnedKeyWeights.self, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw TrawlError(
                .corrupted, "the weights of n-grams are damaged, or of an earlier Trawl", path: file,
                remedy: "fit them again, or remove the file", topic: .keyWeights,
                cause: error)
        }
    }
}

extension GenerativeSettings {
    /// The parameters, with the weights that the generator's folder has unless the settings give others or want none.
    func parameters(for model: ModelFolder) throws -> SEALParameters {
        var result = parameters
        if !usesLearnedWeights {
            result.keyWeights = nil
        } else if result.keyWeights == nil {
            result.keyWeights = try LearnedWeightsFile.read(generator: model.path) ?? .general
        }
        return result
    }
}
