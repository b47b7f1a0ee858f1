import Foundation
import Testing
import TrawlModels
import TrawlTensors
import TrawlTestSupport

@testable import TrawlTraining

/// The tiny decoder of the golden data, with adapters beside it, in a folder of its own.
final class AdapterFolders {
    private let temporary: TemporaryFolder
    var home: String { temporary.path }

    init() throws {
        temporary = try TemporaryFolder()
        for name in ["tiny-llama", "tiny-llama-adapter"] { try temporary.copy(TestFiles.golden(name), to: name) }
    }

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
