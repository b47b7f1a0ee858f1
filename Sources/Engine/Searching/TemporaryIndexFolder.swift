import Foundation
import TrawlCore

/// A folder for an index that nobody keeps: in memory where the system has a memory file system (`/dev/shm`), otherwise
/// among the temporary files. It is removed with this object, which must live as long as the index is used; a variable at the
/// top level of a program is never released, so keep it in a function.
public final class TemporaryIndexFolder: Sendable {
    public let path: String

    /// - Throws: `TrawlError.io` when the folder cannot be made.
    public init() throws {
        let files = FileManager.default
        let memory = "/dev/shm"
        let parent = files.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        path = (parent as NSString).appendingPathComponent("trawl-\(UUID().uuidString).trawl")
        do {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrawlError(.io, "a temporary folder cannot be made", path: path, cause: error)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
