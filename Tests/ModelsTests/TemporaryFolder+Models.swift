import Foundation
import Testing
import TrawlTestSupport

@testable import TrawlModels

/// Copies of golden models, to be damaged.
extension TemporaryFolder {
    convenience init(models names: [String]) throws {
        try self.init()
        for name in names { try copy(TestFiles.golden(name), to: name) }
    }

    func folder(_ name: String) throws -> ModelFolder { try ModelFolder(path: path(name)) }

    /// Replaces `old`, which must occur, in a model's config.json.
    func editConfiguration(_ model: String, _ old: String, _ new: String) throws {
        try edit(model + "/config.json", old, new)
    }

    /// Gives a tensor a name of the same length that no model reads.
    func renameTensor(_ model: String, _ name: String) throws {
        var bytes = Data(try bytes(model + "/model.safetensors"))
        let range = try #require(bytes.range(of: Data("\"\(name)\"".utf8)))
        bytes[range.lowerBound + 1] = UInt8(ascii: "X")
        try write(model + "/model.safetensors", bytes)
    }
}
