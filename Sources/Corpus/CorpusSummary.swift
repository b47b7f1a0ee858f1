import TrawlCore

/// What reading a corpus does with a file or a record that cannot be read.
public enum BadInputPolicy: Sendable {
    /// Skips it, and counts and reports it in the summary.
    case skip
    /// Throws.
    case stop
}

/// What reading a corpus came to, so far or in the end.
public struct CorpusSummary: Hashable, Sendable {
    /// A document that was left out because its title and text are blank.
    public struct EmptyDocument: Hashable, Sendable, CustomStringConvertible {
        public let id: String
        public let origin: Origin
        public var description: String { "\(id) (\(origin))" }
    }

    /// Documents given.
    public internal(set) var documents = 0
    /// Documents left out because title and text are blank.
    public internal(set) var emptyDocuments = 0
    /// The first five of them.
    public internal(set) var firstEmptyDocuments: [EmptyDocument] = []
    /// Documents that belong to other shards, and were not looked at.
    public internal(set) var passedOver = 0
    /// Documents without an id, whose ids are their numbers.
    public internal(set) var numberedDocuments = 0
    /// Where the first of them is.
    public internal(set) var firstNumberedDocument: Origin?
    /// Files, folders and records that cannot be read.
    public internal(set) var skipped = InputIssues()
    /// Documents that were read although something in them was malformed.
    public internal(set) var repaired = InputIssues()
    /// Files read to their ends.
    public internal(set) var files = 0
    /// Files in folders that are in no known format.
    public internal(set) var ignoredFiles = 0
    /// The first five of them.
    public internal(set) var firstIgnoredFiles: [String] = []
    /// Files and folders that patterns leave out.
    public internal(set) var excluded = ExcludedPaths()
    /// Bytes taken from files, before decompression.
    public internal(set) var bytesRead = 0
    /// UTF-8 bytes of titles and texts given.
    public internal(set) var textBytes = 0
}

/// Something that is wrong with the input, and where.
public struct InputIssue: Hashable, Sendable, CustomStringConvertible {
    public let origin: Origin
    /// What is wrong, without a full stop.
    public let reason: String
    /// What the user can do, in the imperative.
    public let remedy: String?

    public var description: String { "\(origin): \(reason)" + (remedy.map { " (\($0))" } ?? "") }

    init(origin: Origin, reason: String, remedy: String? = nil) {
        self.origin = origin
        self.reason = reason
        self.remedy = remedy
    }

    init(_ error: TrawlError) {
        self.init(
            origin: Origin(path: error.path ?? "", line: error.line), reason: error.message, remedy: error.remedy)
    }
}

/// Issues of one sort: how many there are, and the first of them.
public struct InputIssues: Hashable, Sendable {
    public private(set) var count = 0
    /// The first five.
    public private(set) var first: [InputIssue] = []

    mutating func add(_ issue: InputIssue) {
        count += 1
        if first.count < 5 { first.append(issue) }
    }
}

/// Paths that were left out: how many, and the first of them. What is in a folder that was left out is not counted.
public struct ExcludedPaths: Hashable, Sendable {
    public private(set) var count = 0
    /// The first five; folders end in a slash.
    public private(set) var first: [String] = []

    mutating func add(_ path: String) {
        count += 1
        if first.count < 5 { first.append(path) }
    }
}

extension CorpusSummary {
    /// What the user should know of: what was skipped, repaired, numbered, empty or ignored.
    public var warnings: [String] {
        var warnings: [String] = []
        func add(_ issues: InputIssues, _ heading: String) {
            guard issues.count > 0 else { return }
            let rest = issues.count - issues.first.count
            warnings.append(
                "\(heading): \(issues.count)" + issues.first.map { "\n  \($0)" }.joined()
                    + (rest > 0 ? "\n  and \(rest) more" : ""))
        }
        add(skipped, "skipped files or records that cannot be read")
        add(repaired, "read with malformed parts")
        if let firstNumberedDocument {
            warnings.append(
                "documents without ids, which are numbered instead: \(numberedDocuments), the first at "
                    + "\(firstNumberedDocument)")
        }
        if emptyDocuments > 0 {
            let first = firstEmptyDocuments.map(\.description).joined(separator: ", ")
            warnings.append("left out documents without title and text: \(emptyDocuments), such as \(first)")
        }
        if ignoredFiles > 0 {
            let first = firstIgnoredFiles.joined(separator: ", ")
            warnings.append("left out files in no known format: \(ignoredFiles), such as \(first)")
        }
        if excluded.count > 0 {
            warnings.append(
                "left out by patterns of ignore files or of the user: \(excluded.count), such as "
                    + excluded.first.joined(separator: ", "))
        }
        return warnings
    }
}
