import Foundation
import Synchronization
import TrawlCore

/// Draws named steps with a bar, a rate and the time left on standard error; one line per step when that is not a terminal.
final class TerminalProgress: ProgressReporter {
    private struct Step {
        var name: String
        var total: Int?
        var unit: String
        var done = 0
        var start = ContinuousClock.now
        var lastDrawn = ContinuousClock.now - .seconds(1)
    }

    private let isQuiet: Bool
    private let isTerminal: Bool
    private let state = Mutex<Step?>(nil)

    init(quiet: Bool) {
        isQuiet = quiet
        isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    func begin(_ step: String, total: Int?, unit: String) {
        state.withLock { $0 = Step(name: step, total: total, unit: unit) }
    }

    func advance(_ count: Int) {
        guard !isQuiet else { return }
        state.withLock { state in
            guard var step = state else { return }
            step.done += count
            let now = ContinuousClock.now
            if isTerminal, now - step.lastDrawn > .milliseconds(100) {
                step.lastDrawn = now
                write("\r\u{1B}[K" + Self.bar(step, now: now))
            }
            state = step
        }
    }

    func end() {
        state.withLock { state in
            guard let step = state, !isQuiet else { return }
            write((isTerminal ? "\r\u{1B}[K" : "") + Self.summary(step, now: .now) + "\n")
            state = nil
        }
    }

    /// A line that a terminal overwrites with the next one.
    func note(_ message: String) {
        guard !isQuiet else { return }
        let message = message.visible
        write(isTerminal || message.hasSuffix("\n") ? (isTerminal ? "\r\u{1B}[K" : "") + message : message + "\n")
    }

    func warn(_ message: String) {
        guard !isQuiet else { return }
        write((isTerminal ? "\r\u{1B}[K" : "") + "trawl: warning: \(message.visible)\n")
    }

    /// What is odd about a file.
    func warn(_ warnings: [String], of file: String) {
        for warning in warnings { warn("\(file): \(warning)") }
    }

    private func write(_ text: String) { Diagnostics.write(text) }

    private static func bar(_ step: Step, now: ContinuousClock.Instant) -> String {
        let seconds = max((now - step.start).seconds, 1e-3)
        let rate = Double(step.done) / seconds
        let head = pad(step.name) + " "
        guard let total = step.total, total > 0 else {
            return head + "\(grouped(step.done)) \(step.unit), \(grouped(Int(rate)))/s"
        }
        let share = min(1, Double(step.done) / Double(total))
        let width = 24
        let filled = Int(share * Double(width))
        let left = rate > 0 ? duration(Double(total - step.done) / rate) : "?"
        return head + "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
            + "] \(Int(share * 100))% of \(grouped(total)) \(step.unit), \(grouped(Int(rate)))/s, \(left) left"
    }

    private static func summary(_ step: Step, now: ContinuousClock.Instant) -> String {
        let seconds = max((now - step.start).seconds, 1e-3)
        let done = step.done > 0 ? step.done : step.total ?? 0
        return pad(step.name) + " \(grouped(done)) \(step.unit) in \(duration(seconds))"
            + (seconds > 0.5 ? ", \(grouped(Int(Double(done) / seconds)))/s" : "")
    }

    private static func pad(_ name: String) -> String {
        name.padding(toLength: max(28, name.count), withPad: " ", startingAt: 0)
    }

    private static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
