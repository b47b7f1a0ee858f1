internal import CTrawlLMDB
import Foundation
internal import TrawlCore

/// Keeps a second writer out. The operating system gives the lock back when the process dies, however it dies.
final class WriterLock {
    private let descriptor: Int32

    init(folder: String) throws {
        let path = folder + "/writer.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw TrawlError(
                .io, String(cString: strerror(errno)), path: path, remedy: "check the permissions of the folder")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw TrawlError(
                .busy, "another process is writing to this index", path: folder,
                remedy: "wait until it is done and run the command again")
        }
    }

    deinit { close(descriptor) }
}
