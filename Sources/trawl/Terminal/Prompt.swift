import Foundation

/// Reads lines at a prompt on the terminal until the end of input.
enum Prompt {
    static func forEachLine(_ body: (String) throws -> Void) throws {
        while true {
            Diagnostics.write("query> ")
            guard let line = readLine() else {
                Diagnostics.write("\n")
                return
            }
            let text = line.trimmingCharacters(in: .whitespaces)
            if !text.isEmpty { try body(text) }
        }
    }
}
