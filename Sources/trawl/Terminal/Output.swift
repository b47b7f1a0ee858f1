import Foundation
import TrawlCore

/// Standard output. Data go here; everything else goes to `Diagnostics`.
enum Output {
    /// Writes `line` and a newline. A reader that has gone away ends the program quietly.
    static func line(_ line: String) { write(Array((line + "\n").utf8)) }

    static func write(_ bytes: [UInt8]) {
        let reason = writeAll(bytes, to: STDOUT_FILENO)
        if reason == EPIPE { exit(0) }
        if reason != 0 {
            Diagnostics.error(TrawlError(.io, "standard output: \(String(cString: strerror(reason)))"))
            exit(ExitStatus.error)
        }
    }

    /// Writes `value` as a JSON object on one line, with its keys in order.
    static func json(_ value: some Encodable) throws {
        write(try [UInt8](json: value) + [UInt8(ascii: "\n")])
    }
}

/// Standard error: warnings and errors.
enum Diagnostics {
    static func error(_ error: any Error) {
        let text = (error as? TrawlError).map { "\(Advice.added(to: $0))" } ?? "\(error)"
        line("trawl: \(text)")
    }

    static func warning(_ message: String) { line("trawl: warning: \(message)") }

    static func line(_ text: String) { write(text.visible + "\n") }

    /// A reader that has gone away stops no work: nobody is left to be told. (`FileHandle` would end the program.)
    static func write(_ text: String) { _ = writeAll(Array(text.utf8), to: STDERR_FILENO) }
}

/// The exit codes that scripts rely on, as ripgrep has them.
enum ExitStatus {
    static let hits: Int32 = 0
    static let noHits: Int32 = 1
    /// Benchmarks that do not reach what is expected.
    static let regression: Int32 = 1
    static let error: Int32 = 2
    static let usage: Int32 = 64
    static let interrupted: Int32 = 130
}
