import Foundation
import Testing

let goldenFolder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Golden"

/// A copy of a folder of small files, to be damaged. Goes with its owner.
final class FolderCopy {
    let path: String
    private let source: String

    init(of source: String, named name: String = "copy") throws {
        self.source = source
        path = NSTemporaryDirectory() + "trawl-embeddings-\(UUID().uuidString)-\(name)"
        try FileManager.default.copyItem(atPath: source, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func restore() {
        try? FileManager.default.removeItem(atPath: path)
        try? FileManager.default.copyItem(atPath: source, toPath: path)
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path + "/" + name) }

    func move(_ name: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: path + "/" + target)
        try FileManager.default.moveItem(atPath: path + "/" + name, toPath: path + "/" + target)
    }

    func flipLastBit(_ name: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        bytes[bytes.count - 4] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path + "/" + name))
    }

    /// Replaces `old`, which must be there, by `new`.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path + "/" + name, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacingOccurrences(of: old, with: new)
            .write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
}
