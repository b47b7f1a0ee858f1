import Foundation
import TrawlTestSupport

/// The binary at a terminal: what is typed goes to its standard input, its standard error is the screen, and its standard
/// output is a file.
final class PseudoTerminal {
    private let process = Process()
    private let screenDescriptor: Int32
    private let output: String
    private var shown: [UInt8] = []

    struct Failure: Error, CustomStringConvertible { let description: String }

    init(_ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:]) throws {
        // As posix_openpt, unlockpt and ptsname do, which Glibc's module does not have.
        screenDescriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (lock, number) = (CInt(0), CInt(0))
        guard screenDescriptor >= 0, ioctl(screenDescriptor, UInt(0x4004_5431), &lock) == 0,
            ioctl(screenDescriptor, UInt(0x8004_5430), &number) == 0
        else { throw Failure(description: "there is no pseudo-terminal: \(String(cString: strerror(errno)))") }
        let keyboard = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        output = try folder.write("output-\(UUID().uuidString)", "")
        process.executableURL = URL(fileURLWithPath: TrawlProcess.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TERM": "xterm", "TRAWL_HOME": folder.path + "/home"]) { $1 }.merging(environment) { $1 }
        let terminal = FileHandle(fileDescriptor: keyboard, closeOnDealloc: true)
        process.standardInput = terminal
        process.standardError = terminal
        process.standardOutput = FileHandle(forWritingAtPath: output)
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
        close(screenDescriptor)
    }

    func type(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(screenDescriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// What the program wrote to standard output so far.
    var data: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// What was shown so far.
    var screen: String {
        var descriptor = pollfd(fd: screenDescriptor, events: Int16(POLLIN), revents: 0)
        while poll(&descriptor, 1, 0) > 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(screenDescriptor, &buffer, buffer.count)
            if count <= 0 { break }
            shown += buffer.prefix(count)
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// Waits until `isReached`, at most 30 seconds.
    func wait(for what: String, _ isReached: () -> Bool) throws {
        for _ in 0..<1500 {
            if isReached() { return }
            usleep(20_000)
        }
        throw Failure(
            description: "\(what) did not come; screen: \(screen.debugDescription) output: \(data.debugDescription)")
    }

    /// Types a line once the prompt is there again, and waits for the prompt after it.
    func enter(_ line: String) throws {
        try wait(for: "a prompt") { screen.components(separatedBy: "query> ").count > prompts }
        prompts += 1
        type(line + "\n")
        try wait(for: "a prompt after \(line)") {
            !process.isRunning || screen.components(separatedBy: "query> ").count > prompts
        }
    }

    private var prompts = 1

    /// Types Ctrl-D at a prompt, and gives the exit code of the program.
    func endInput() throws -> Int32 {
        type("\u{4}")
        return try end()
    }

    /// The exit code, once the program has ended.
    func end() throws -> Int32 {
        try wait(for: "the end") { !process.isRunning }
        return process.terminationStatus
    }
}
