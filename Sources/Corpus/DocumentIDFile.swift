import Foundation
public import TrawlCore

/// A list of document ids, one per line. Blank lines are ignored; everything else on a line is the id.
public enum DocumentIDFile {
    /// - Parameter path: `-` is standard input.
    /// - Throws: `TrawlError` for a file that cannot be read or is not UTF-8.
    public static func read(_ path: String) throws -> [DocumentID] {
        let data: Data
        if path == "-" {
            data = FileHandle.standardInput.readDataToEndOfFile()
        } else {
            guard let content = FileManager.default.contents(atPath: path) else {
                throw TrawlError(
                    .notFound, "the list of ids cannot be read", path: path,
                    remedy: "check the path and its permissions")
            }
            data = content
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw TrawlError(
                .invalidInput, "the list of ids is not UTF-8", path: path == "-" ? "standard input" : path,
                remedy: "write it in UTF-8")
        }
        return text.split(whereSeparator: \.isNewline).map(String.init)
            .filter { !$0.allSatisfy(\.isWhitespace) }.map { DocumentID($0) }
    }
}
