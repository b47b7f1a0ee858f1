import Foundation
import TrawlCore

/// A program found in the folders of `PATH`, run without a shell, with bounds on its time and its output.
struct ExternalProgram {
    private let path: String

    struct Result {
        let output: [UInt8]
        /// Nil when the program ended well.
        let failure: String?
    }

    private static let seconds = 120

    /// Nil when there is no such program.
    init?(named name: String) {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        guard let path = folders.map({ "\($0)/\(name)" }).first(where: { (path: String) in access(path, X_OK) == 0 })
        else { return nil }
        self.path = path
    }

    /// Runs the program to its end; one that takes longer than two minutes or writes more than a record may have is ended.
    ///
    /// - Parameter scratchFolder: An empty folder for what the program writes.
    func run(_ arguments: [String], scratchFolder: String) throws -> Result {
        let (output, messages) = (scratchFolder + "/output", scratchFolder + "/messages")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, messages, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let reason = posix_spawn(&process, path, &actions, nil, words, environ)
        guard reason == 0 else {
            throw TrawlError(
                .io, "cannot be run: \(String(cString: strerror(reason)))", path: path, remedy: "check its permissions")
        }
        let failure = wait(for: process, output: output)
        let said = (FileManager.default.contents(atPath: messages) ?? Data()).prefix(200)
        let message = String(decoding: said, as: UTF8.self).split(separator: "\n").first.map(String.init)
        return Result(
            output: [UInt8](FileManager.default.contents(atPath: output) ?? Data()),
            failure: failure.map { message ?? $0 })
    }

    /// Why the process did not end well.
    private func wait(for process: pid_t, output: String) -> String? {
        var status: Int32 = 0
        let start = ContinuousClock.now
        var pause: UInt32 = 500
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process || (ended < 0 && errno != EINTR) { break }
            var info = stat()
            let isTooLong = stat(output, &info) == 0 && info.st_size > maximumRecordBytes
            if isTooLong || ContinuousClock.now - start > .seconds(Self.seconds) {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
                return isTooLong
                    ? "it has more than \(maximumRecordBytes >> 20) MiB of text"
                    : "it took more than \(Self.seconds) seconds"
            }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        if status & 0x7F != 0 { return "ended by signal \(status & 0x7F)" }
        let code = status >> 8 & 0xFF
        return code == 0 ? nil : "ended with status \(code)"
    }
}
