import Foundation
import TrawlCore

/// Text of PDF files, by `pdftotext` and `pdfinfo` of poppler-utils, which run as programs of their own: PDF is a large
/// format with a long history of faults in its readers.
enum PDFText {
    /// - Throws: `unsupported` when poppler-utils is not installed; `corrupted` for what it cannot read.
    static func content(of bytes: [UInt8], path: String) throws -> FileContent {
        let folder = FileManager.default.temporaryDirectory.appending(path: "trawl-pdf-\(UUID().uuidString)")
        let file = folder.appending(path: "file.pdf").path
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: file))
        } catch {
            throw TrawlError(
                .io, "a copy for pdftotext cannot be written", path: folder.path, remedy: "set TMPDIR", cause: error)
        }
        defer { try? FileManager.default.removeItem(at: folder) }

        let text = try run("pdftotext", ["-q", "-enc", "UTF-8", file, "-"], in: folder.path, path: path)
        var content = FileContent()
        // A page begins after a form feed.
        content.body.text = String(decoding: text, as: UTF8.self).replacingOccurrences(of: "\u{C}", with: "\n\n")
            .trimmed()
        // A file with text and without properties is a document all the same.
        let properties = (try? run("pdfinfo", ["-enc", "UTF-8", file], in: folder.path, path: path)).map {
            fields(String(decoding: $0, as: UTF8.self))
        }
        content.title = properties?["Title"] ?? firstLine(of: content.body.text) ?? ""
        content.add("author", properties?["Author"])
        content.add("pages", properties?["Pages"])
        return content
    }

    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmed()
            if !value.isEmpty { fields[String(line[..<colon])] = value }
        }
        return fields
    }

    /// The first line, if it is as short as titles are.
    private static func firstLine(of text: String) -> String? {
        guard let line = text.split(separator: "\n", maxSplits: 1).first?.trimmed(), line.count <= 200 else {
            return nil
        }
        return line.contains(where: \.isLetter) ? line : nil
    }

    private static func run(_ tool: String, _ arguments: [String], in folder: String, path: String) throws -> [UInt8] {
        guard let program = ExternalProgram(named: tool) else {
            throw TrawlError(
                .unsupported, "is a PDF file, and \(tool) is not installed", path: path,
                remedy: "install poppler-utils")
        }
        let result = try program.run(arguments, scratchFolder: folder)
        if let failure = result.failure {
            throw TrawlError(
                .corrupted, "\(tool) cannot read it: \(failure)", path: path,
                remedy: "check that the file opens in a viewer, without a password")
        }
        return result.output
    }
}
