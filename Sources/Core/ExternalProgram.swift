internal import Foundation

/// A program found in the folders of `PATH`, run without a shell, with bounds on its time and its output.
package struct ExternalProgram {
    package let path: String

    package struct Result {
        package let output: [UInt8]
        /// Why the program did not end well: the first line that it wrote to standard error, if any. Nil when it did.
        package let failure: String?
        /// The lines that it wrote to standard error, up to 64 KiB.
        package let messages: [String]
    }

    /// Nil when there is no such program.
    package init?(named name: String) {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        guard let path = folders.map({ "\($0)/\(name)" }).first(where: { (path: String) in access(path, X_OK) == 0 })
        else { return nil }
        self.path = path
    }

    /// Runs the program to its end. One that takes longer than `seconds` or writes more than `maximumBytes` is ended.
    ///
    /// - Parameter scratchFolder: An empty folder for what the program writes.
    package func run(
        _ arguments: [String], scratchFolder: String, seconds: Int = 120, maximumBytes: Int = 256 << 20
    ) throws -> Result {
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
        let failure = wait(for: process, output: output, seconds: seconds, maximumBytes: maximumBytes)
        let said = (FileManager.default.contents(atPath: messages) ?? Data()).prefix(1 << 16)
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        return Result(
            output: [UInt8](FileManager.default.contents(atPath: output) ?? Data()),
            failure: failure.map { lines.first.map { String($0.prefix(200)) } ?? $0 }, messages: lines)
    }

    /// Why the process did not end well.
    private func wait(for process: pid_t, output: String, seconds: Int, maximumBytes: Int) -> String? {
        var status: Int32 = 0
        let start = ContinuousClock.now
        var pause: UInt32 = 500
        while true {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process || (ended < 0 && errno != EINTR) { break }
            var info = stat()
            let isTooLong = stat(output, &info) == 0 && info.st_size > maximumBytes
            if isTooLong || ContinuousClock.now - start > .seconds(seconds) {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
                return isTooLong
                    ? "it has more than \(maximumBytes >> 20) MiB of text"
                    : "it took more than \(seconds) seconds"
            }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        if status & 0x7F != 0 { return "ended by signal \(status & 0x7F)" }
        let code = status >> 8 & 0xFF
        return code == 0 ? nil : "ended with status \(code)"
    }
}
