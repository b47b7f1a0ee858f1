import Foundation
import Testing
import TrawlTestSupport

/// A short run of every fuzz target, seeds first: inputs that were findings are among the seeds.
@Suite struct FuzzTests {
    /// Long enough for all seeds and some thousand inputs each; `make fuzz` runs longer.
    @Test func noInputEndsAReader() throws {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = [
            "run", "--seconds", "2", "--seed", "1", "--jobs", "2", "--findings", folder.path("findings"),
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus != 0 else { return }
        // The folder goes with the test; what it found must not.
        let kept = NSTemporaryDirectory() + "trawl-fuzz-findings-\(UUID().uuidString)"
        try? FileManager.default.copyItem(atPath: folder.path("findings"), toPath: kept)
        Issue.record("the inputs are in \(kept):\n\(text)")
    }

    /// The program stands beside the test bundle.
    private static let binary: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appending(path: "trawl-fuzz").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return TestFiles.repository(".build/release/trawl-fuzz")
    }()
}
