import Foundation
import TrawlCore

/// The hidden folder in which one process at a time makes what it installs.
///
/// It is inside the cache folder, so that the result needs only a new name to be in its place. What a killed process left there
/// is removed.
final class PullWorkshop {
    private let home: String
    private let root: String
    private let lock: Int32
    private var count = 0

    /// - Throws: `TrawlError.io` when the cache folder cannot be written, `.busy` while another process installs.
    init(home: String) throws {
        self.home = home
        root = home + "/.pull"
        do {
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        } catch {
            throw TrawlError(
                .io, "the cache folder cannot be made", path: home,
                remedy: "set TRAWL_HOME to a folder that you may write", cause: error)
        }
        lock = open(home + "/.pull.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else {
            throw TrawlError(
                .io, "the cache folder cannot be written: \(String(cString: strerror(errno)))", path: home,
                remedy: "set TRAWL_HOME to a folder that you may write")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw TrawlError(
                .busy, "another process is installing models", path: home, remedy: "wait until it has finished")
        }
        try? FileManager.default.removeItem(atPath: root)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: root)
        close(lock)
    }

    /// A new empty folder.
    func folder() throws -> String {
        count += 1
        let path = "\(root)/\(count)"
        try OutputFolder.make(path)
        return path
    }

    /// - Throws: `TrawlError.full` when the disk of the cache folder has less to spare.
    func requireSpace(megabytes: Int) throws {
        var status = statvfs()
        guard statvfs(home, &status) == 0 else { return }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize) / 1_000_000
        guard free >= UInt64(megabytes) else {
            throw TrawlError(
                .full, "\(megabytes) MB are needed while it is installed, the disk has \(free) MB free", path: home,
                remedy: "free some space, or set TRAWL_HOME to a folder on another disk")
        }
    }

    /// Gives `made` the name `target`, in place of what has it.
    func move(_ made: String, to target: String) throws {
        let files = FileManager.default
        try OutputFolder.make((target as NSString).deletingLastPathComponent)
        if files.fileExists(atPath: target) { try files.moveItem(atPath: target, toPath: try folder() + "/old") }
        try files.moveItem(atPath: made, toPath: target)
    }
}
