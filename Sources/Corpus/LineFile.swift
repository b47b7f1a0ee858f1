import TrawlCore

/// A list with one entry per line, such as ids or phrases. Blank lines are ignored; everything else on a line is the entry.
public enum LineFile {
    /// - Parameter path: A file, plain or compressed, a pipe, or `-` for standard input.
    /// - Throws: `TrawlError` for a file that cannot be read, or a line that is not UTF-8.
    public static func read(_ path: String) throws -> [String] {
        let lines = try LinesSource(ByteSource.input(path))
        var entries: [String] = []
        while let line = try lines.next() { if !isBlank(line.text) { entries.append(line.text) } }
        return entries
    }
}
