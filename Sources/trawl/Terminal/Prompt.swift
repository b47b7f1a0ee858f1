import Foundation

/// Reads lines at a prompt on the terminal until the end of input.
enum Prompt {
    static func forEachLine(_ body: (String) throws -> Void) throws {
        while true {
            FileHandle.standardError.write(Data("query> ".utf8))
            guard let line = readLine() else {
                FileHandle.standardError.write(Data("\n".utf8))
                return
            }
            let text = line.trimmingCharacters(in: .whitespaces)
            if !text.isEmpty { try body(text) }
        }
    }
}
