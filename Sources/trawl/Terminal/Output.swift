import Core
import Foundation

/// Standard output. Data go here; everything else goes to `Diagnostics`.
enum Output {
    /// Writes `line` and a newline. A reader that has gone away ends the program quietly.
    static func line(_ line: String) { write(Array((line + "\n").utf8)) }

    static func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = UnsafeRawBufferPointer(buffer)
            while !rest.isEmpty {
                let count = Foundation.write(STDOUT_FILENO, rest.baseAddress, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno == EINTR {
                    continue
                } else if errno == EPIPE {
                    exit(0)
                } else {
                    Diagnostics.error(TrawlError(.io, "standard output: \(String(cString: strerror(errno)))"))
                    exit(ExitStatus.error)
                }
            }
        }
    }

    /// Writes `value` as a JSON object on one line, with its keys in order.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}

/// Standard error: warnings and errors.
enum Diagnostics {
    static func error(_ error: any Error) { line("trawl: \(error)") }

    static func warning(_ message: String) { line("trawl: warning: \(message)") }

    static func line(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

/// The exit codes that scripts rely on, as ripgrep has them.
enum ExitStatus {
    static let hits: Int32 = 0
    static let noHits: Int32 = 1
    static let error: Int32 = 2
    static let interrupted: Int32 = 130
}
