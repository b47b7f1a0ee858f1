internal import CTrawlLMDB
import Foundation
internal import TrawlCore

/// An index folder: one LMDB environment that holds immutable segments and the manifest that lists them.
public struct Store: Sendable {
    let environment: Environment

    public var path: String { environment.path }

    /// The bytes that the index takes on disk.
    public var sizeOnDisk: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/data.mdb")
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    /// True when `path` is a folder that holds an index, finished or not.
    public static func exists(at path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/data.mdb")
    }

    /// Where an interrupted build of the index in the folder `path` leaves what the next one can use again.
    public static func unfinishedFolder(of path: String) -> String { path + "/" + unfinishedName }

    private static let unfinishedName = "unfinished"

    /// Opens the index in the folder `path`.
    ///
    /// - Throws: `TrawlError.notFound` when there is none.
    public static func open(at path: String) throws -> Store {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TrawlError(.notFound, "no such index", path: path, topic: .index)
        }
        guard isFolder.boolValue, exists(at: path) else {
            throw TrawlError(
                .notFound, "this is not a Trawl index", path: path,
                topic: .index)
        }
        return Store(environment: try Environment.shared(folder: path))
    }

    /// Finds out before the work whether the folder `path` can hold an index.
    ///
    /// - Throws: `TrawlError` for a file, a folder that holds anything else, and missing permissions.
    public static func checkOutput(at path: String) throws {
        try OutputFolder.check(path)
        guard !exists(at: path) else { return }
        let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        // A build that failed at its start leaves its lock files.
        guard contents.allSatisfy({ [unfinishedName, "lock.mdb", "writer.lock"].contains($0) }) else {
            throw TrawlError(
                .invalidInput, "the folder is not empty and holds no index", path: path,
                remedy: "name another folder")
        }
    }

    /// Opens the index in the folder `path`, or makes an empty one.
    public static func create(at path: String) throws -> Store {
        if !exists(at: path) {
            try checkOutput(at: path)
            do {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            } catch {
                throw TrawlError(.io, "the folder cannot be made", path: path, cause: error)
            }
        }
        return Store(environment: try Environment.shared(folder: path))
    }

    /// Whether the open index is the one in the folder `path`, which may have been removed, moved or built again.
    public func isAt(_ path: String) -> Bool { Environment.file(in: path) == environment.file }

    /// The index as it is now, for reading.
    public func snapshot() throws -> Snapshot { try Snapshot(environment) }

    /// True when something was committed.
    public func hasCommit() throws -> Bool {
        try environment.read { try Manifest.readIfPresent($0, path: path) != nil }
    }

    /// Verifies every page of the last commit: that the trees of the tables hang together, that their keys are in order, that
    /// no page is used twice, and that no page in use is listed as free. What the tables hold is not looked at.
    ///
    /// - Returns: the number of pages in use.
    /// - Throws: `TrawlError.corrupted` that names the first damaged page.
    /// - Complexity: O(pages of the trees); of a blob, one page a mebibyte.
    @discardableResult
    public func verifyPages() throws -> Int { try environment.verifyPages() }

    /// Starts to write; see `WriteSession`.
    ///
    /// - Throws: `TrawlError.busy` while another writer, in this process or another, is at work.
    public func write() throws -> WriteSession { try WriteSession(environment) }

    /// Removes the index in the folder `path`, and the folder when nothing else is in it.
    ///
    /// - Throws: `TrawlError.busy` while a writer is at work.
    public static func remove(at path: String) throws {
        guard exists(at: path) || FileManager.default.fileExists(atPath: unfinishedFolder(of: path)) else {
            throw TrawlError(.notFound, "this is not a Trawl index", path: path, topic: .index)
        }
        let lock = try WriterLock(folder: path)
        try withExtendedLifetime(lock) { try removeFiles(at: path, [unfinishedName]) }
    }

    /// Removes an index that nothing was committed to. What an interrupted build left for the next one stays.
    ///
    /// - Throws: `TrawlError.busy` while a writer is at work.
    public static func removeUnfinished(at path: String) throws {
        let lock = try WriterLock(folder: path)
        try withExtendedLifetime(lock) {
            if try !open(at: path).hasCommit() { try removeFiles(at: path, []) }
        }
    }

    private static func removeFiles(at path: String, _ others: [String]) throws {
        do {
            // The last one makes the folder an index, which a removal that was interrupted must still be.
            for file in others + ["lock.mdb", "writer.lock", "data.mdb"]
            where FileManager.default.fileExists(atPath: "\(path)/\(file)") {
                try FileManager.default.removeItem(atPath: "\(path)/\(file)")
            }
            if try FileManager.default.contentsOfDirectory(atPath: path).isEmpty {
                try FileManager.default.removeItem(atPath: path)
            }
        } catch {
            throw TrawlError(.io, "the index cannot be removed", path: path, cause: error)
        }
    }
}
