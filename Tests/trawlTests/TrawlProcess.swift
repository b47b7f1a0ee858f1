import Foundation
import TrawlTestSupport

/// Runs the real binary that was built with the tests.
struct TrawlProcess {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// The lines of standard output, each read as a JSON object.
        var objects: [[String: Any]] {
            output.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
    }

    /// The binary stands beside the test bundle.
    static let binary: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = (own as NSString).deletingLastPathComponent + "/trawl"
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        return root + "/.build/release/trawl"
    }()

    /// Runs `trawl arguments` to its end.
    static func run(_ arguments: [String], input: String = "", folder: String? = nil) throws -> Outcome {
        try run(binary, arguments, input: input, folder: folder)
    }

    /// Runs a shell script in which `$TRAWL` is the binary.
    static func shell(_ script: String, folder: String) throws -> Outcome {
        try run("/bin/bash", ["-c", "TRAWL=\(binary); " + script], input: "", folder: folder)
    }

    private static func run(_ program: String, _ arguments: [String], input: String, folder: String?) throws -> Outcome
    {
        // Files instead of pipes: a full pipe would stop the child before it ends.
        let stem = NSTemporaryDirectory() + "trawl-process-\(UUID().uuidString)"
        let files = FileManager.default
        defer { for suffix in ["in", "out", "err"] { try? files.removeItem(atPath: "\(stem).\(suffix)") } }
        try input.write(toFile: stem + ".in", atomically: false, encoding: .utf8)
        for suffix in ["out", "err"] { try "".write(toFile: "\(stem).\(suffix)", atomically: false, encoding: .utf8) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardInput = FileHandle(forReadingAtPath: stem + ".in")
        process.standardOutput = FileHandle(forWritingAtPath: stem + ".out")
        process.standardError = FileHandle(forWritingAtPath: stem + ".err")
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOfFile: stem + ".out", encoding: .utf8),
            errors: try String(contentsOfFile: stem + ".err", encoding: .utf8))
    }
}

extension TemporaryFolder {
    func write(_ text: String, to name: String) throws { try write(name, text) }
}
