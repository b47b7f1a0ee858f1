import Foundation
import Testing
import TrawlModels
import TrawlTensors

@testable import TrawlTraining

/// The tiny decoder of the golden data, with adapters beside it, in a folder of its own.
final class AdapterFolders {
    let home = FileManager.default.temporaryDirectory.appending(path: "trawl-adapters-\(UUID().uuidString)").path

    init() throws {
        let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        for name in ["tiny-llama", "tiny-llama-adapter"] {
            try FileManager.default.copyItem(atPath: golden.appending(path: name).path, toPath: path(name))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    func path(_ name: String) -> String { home + "/" + name }
    func folder(_ name: String) throws -> ModelFolder { try ModelFolder(path: path(name)) }

    /// Where a network made of the tiny decoder can be written.
    func output(_ name: String) throws -> TrainedModelFolder {
        TrainedModelFolder(path: path(name), storage: .f32, base: try folder("tiny-llama"))
    }

    /// Replaces `old`, which must be there, in a file.
    func edit(_ file: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path(file), encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path(file), atomically: true, encoding: .utf8)
    }
}
