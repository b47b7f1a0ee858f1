import Foundation
import Synchronization
import TrawlCore

/// Runs targets in child processes, a few at a time, and keeps the inputs that end one.
struct Campaign {
    let targets: [String]
    /// For each target.
    let seconds: Double
    let seed: UInt64
    let jobs: Int
    /// Where inputs are kept that are findings.
    let findings: String

    /// - Returns: The number of findings.
    func run() throws -> Int {
        FuzzFolder.removeAbandoned()
        try FileManager.default.createDirectory(atPath: findings, withIntermediateDirectories: true)
        let state = Mutex((rest: targets[...], found: 0))
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let target = state.withLock({ $0.rest.popFirst() }) {
                let (line, isFinding) = runChild(target)
                state.withLock {
                    print(line)
                    fflush(nil)
                    $0.found += isFinding ? 1 : 0
                }
            }
        }
        return state.withLock { $0.found }
    }

    private func runChild(_ target: String) -> (line: String, isFinding: Bool) {
        let current = "\(findings)/\(target).current"
        do {
            let child = try Child(
                ["work", target, "--seconds", "\(seconds)", "--seed", "\(seed)", "--current", current])
            if child.status == 0 {
                try FileManager.default.removeItem(atPath: current)
                return (child.output, false)
            }
            let input = try CurrentInput.read(current)
            try FileManager.default.removeItem(atPath: current)
            let kept = "\(findings)/\(target)-\(Self.name(of: input))"
            try writeBytes(input, kept)
            let message = child.errors.split(separator: "\n").suffix(3).joined(separator: "\n    ")
            return (
                """
                FINDING in \(target): \(child.ending), seed \(seed), input of \(input.count) bytes kept
                    repeat it with: \(CommandLine.arguments[0]) one \(target) \(kept)
                    \(message)
                """, true
            )
        } catch {
            return ("FINDING in \(target): it cannot be run: \(error)", true)
        }
    }

    /// A name for an input, by what it holds.
    static func name(of input: [UInt8]) -> String {
        String(input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 16)
    }
}

/// This program, run again to its end.
private struct Child {
    let status: Int32
    /// How it ended, for messages.
    let ending: String
    let output: String
    let errors: String

    init(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // A child writes one line, and what a trap says.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        self.output = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
        self.errors = String(decoding: said, as: UTF8.self)
        let isSignal = process.terminationReason == .uncaughtSignal
        status = isSignal ? 128 + process.terminationStatus : process.terminationStatus
        switch (isSignal, process.terminationStatus) {
        case (true, SIGALRM): ending = "one input takes more than \(Worker.timeLimit) s"
        case (true, let signal): ending = "signal \(signal) (\(String(cString: strsignal(signal))))"
        case (false, let status): ending = "exit status \(status)"
        }
    }
}
