import Foundation
import TrawlCore

/// A folder of its own for each owner, removed with it.
///
/// Names of files are relative to the folder; folders within it are made as files are written.
public final class TemporaryFolder: Sendable {
    /// The absolute path, without a slash at its end.
    public let path: String
    private let original: String?

    /// Makes an empty folder.
    public init() throws {
        original = nil
        path = Self.unusedPath()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Copies `folder` with all its files, for tests that damage them.
    public init(copyOf folder: String) throws {
        original = folder
        path = Self.unusedPath()
        try FileManager.default.copyItem(atPath: folder, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static func unusedPath() -> String {
        FileManager.default.temporaryDirectory.appending(path: "trawl-tests-\(UUID().uuidString)").path
    }

    /// The path of a file or folder named `name`, whether it exists or not.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// What the file `name` holds.
    public func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    /// Writes `bytes` over whatever `name` holds, and returns the file's path.
    @discardableResult
    public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let file = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return path(name)
    }

    /// Writes `text` over whatever `name` holds, and returns the file's path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }

    /// The bytes of a file.
    public func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    /// Replaces each `old` in a text file by `new`; an error if there is none.
    public func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: path(name), encoding: .utf8)
        guard text.contains(old) else {
            throw TrawlError(.notFound, "the text to be replaced does not occur: \(old)", path: path(name))
        }
        try write(name, text.replacingOccurrences(of: old, with: new))
    }

    /// Copies a file or folder from elsewhere to `name`.
    public func copy(_ source: String, to name: String) throws {
        try FileManager.default.copyItem(atPath: source, toPath: path(name))
    }

    /// Renames a file or folder; what was named `target` before is lost.
    public func move(_ name: String, to target: String) throws {
        try? FileManager.default.removeItem(atPath: path(target))
        try FileManager.default.moveItem(atPath: path(name), toPath: path(target))
    }

    /// Makes a copy equal to its original again, and any other folder empty.
    public func restore() throws {
        try FileManager.default.removeItem(atPath: path)
        if let original {
            try FileManager.default.copyItem(atPath: original, toPath: path)
        } else {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    /// Removes a file or folder.
    public func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }
}
