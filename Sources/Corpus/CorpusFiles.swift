import Glibc
import TrawlCore

/// A file that a corpus is read from.
struct CorpusFile: Hashable, Sendable {
    /// What to open; nil for standard input.
    let path: String?
    /// The id of its document when the file is one: the path below the folder that the user named.
    let relativePath: String
    /// Nil when the first bytes must tell.
    let format: CorpusFormat?
    /// False when it was found in a folder under a name that says nothing; it is read only if it begins as TREC.
    let wasNamed: Bool
    /// In bytes, as stored.
    let size: Int
    /// When its content was last changed, in seconds since 1970; nil for standard input.
    let modified: Int?
    /// When the system last saw a change of it, in nanoseconds since 1970. Unlike the above, no program sets it.
    let changed: Int
    /// Which of the paths that the user named it is, or is in, from 0.
    let root: Int

    /// The fields of a document that is a whole file.
    func metadata(_ format: CorpusFormat) -> [MetadataField] {
        var fields: [MetadataField] = []
        if let modified {
            fields = [
                MetadataField(key: "path", value: cleaned(relativePath)),
                MetadataField(key: "size", value: String(size), isJSON: true),
                MetadataField(key: "modified", value: timestampUTC(modified)),
            ]
        }
        return fields + [MetadataField(key: "format", value: format.rawValue)]
    }
}

/// Finds the files of a corpus. Folders are walked in the order of their entries' bytes, hidden entries and those that patterns leave
/// out are passed over, and a folder that several links lead to is walked once.
struct CorpusFileFinder {
    let format: CorpusFormat?
    let onBadInput: BadInputPolicy
    /// Patterns of the user, which go before those of files.
    let exclude: IgnoreRules
    /// Whether the `.gitignore` and `.ignore` of folders count, the latter more.
    let usesIgnoreFiles: Bool
    private(set) var files: [CorpusFile] = []
    /// What was found in folders and cannot be read.
    private(set) var skipped = InputIssues()
    /// The files and folders that patterns leave out.
    private(set) var excluded = ExcludedPaths()
    private var visited: Set<FolderIdentity> = []
    private var root = -1
    /// What could not be looked into, as keys of `FileStamp`: what is below may be there all the same.
    private(set) var unseen: [String] = []

    private struct FolderIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private static let ignoreFiles = [".gitignore", ".ignore"]

    init(format: CorpusFormat?, exclude: [String], usesIgnoreFiles: Bool, onBadInput: BadInputPolicy) {
        self.format = format
        self.exclude = IgnoreRules(lines: exclude.map { Substring($0) }, folder: "")
        self.usesIgnoreFiles = usesIgnoreFiles
        self.onBadInput = onBadInput
    }

    mutating func add(_ path: String) throws {
        root += 1
        if path == "-" {
            files.append(
                CorpusFile(
                    path: nil, relativePath: "-", format: format, wasNamed: true, size: 0, modified: nil, changed: 0,
                    root: root))
            return
        }
        let info = try status(path)
        if info.st_mode & S_IFMT == S_IFDIR {
            // A folder that the user named must be readable, whatever is done with bad input below it.
            try addFolder(path, relativePath: "", names: entries(path), info, [])
            return
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        addFile(
            path, relativePath: name, format: format == .beir ? .jsonLines : format ?? CorpusFormat(fileName: name),
            wasNamed: true, info)
    }

    private mutating func addFile(
        _ path: String, relativePath: String, format: CorpusFormat?, wasNamed: Bool, _ info: stat
    ) {
        files.append(
            CorpusFile(
                path: path, relativePath: relativePath, format: format, wasNamed: wasNamed, size: Int(info.st_size),
                modified: info.st_mtim.tv_sec, changed: info.st_ctim.tv_sec &* 1_000_000_000 &+ info.st_ctim.tv_nsec,
                root: root))
    }

    /// - Parameter rules: Those of the folders above.
    private mutating func addFolder(
        _ path: String, relativePath: String, names: [String], _ info: stat, _ rules: [IgnoreRules]
    ) throws {
        guard visited.insert(FolderIdentity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))).inserted else {
            return
        }
        if format == nil || format == .beir {
            for name in ["corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst"] where names.contains(name) {
                let child = join(path, name)
                addFile(
                    child, relativePath: join(relativePath, name), format: .jsonLines, wasNamed: true,
                    try status(child))
                return
            }
        }
        let rules = try rules + ignoreRules(path, relativePath: relativePath)
        for name in names {
            do {
                try addEntry(join(path, name), relativePath: join(relativePath, name), name: name, rules)
            } catch let error as TrawlError {
                if error.code == .io { unseen.append("\(root)/\(join(relativePath, name))") }
                try skip(error)
            }
        }
    }

    private mutating func addEntry(
        _ path: String, relativePath: String, name: String, _ rules: [IgnoreRules]
    ) throws {
        let info = try status(path)
        let isFolder = info.st_mode & S_IFMT == S_IFDIR
        if excludes(relativePath, isFolder: isFolder, rules) { return excluded.add(isFolder ? path + "/" : path) }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: try addFolder(path, relativePath: relativePath, names: entries(path), info, rules)
        case S_IFREG where format != .beir:
            let known = format ?? CorpusFormat(fileName: name)
            addFile(path, relativePath: relativePath, format: known, wasNamed: known != nil, info)
        case S_IFREG: break
        default:
            throw TrawlError(
                .unsupported, "is a pipe, a socket or a device", path: path, remedy: "name it itself to read it")
        }
    }

    /// The patterns in files of the folder.
    private mutating func ignoreRules(_ path: String, relativePath: String) throws -> [IgnoreRules] {
        guard usesIgnoreFiles else { return [] }
        var rules: [IgnoreRules] = []
        for name in Self.ignoreFiles {
            var info = stat()
            let file = join(path, name)
            guard stat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size > 0 else { continue }
            do {
                // By scalars: CR and LF are one character.
                let lines = try ByteSource.text(of: file, limit: IgnoreRules.maximumBytes).unicodeScalars
                    .split(separator: "\n").map { Substring($0) }
                rules.append(IgnoreRules(lines: lines, folder: relativePath))
            } catch let error as TrawlError {
                try skip(error)
            }
        }
        return rules
    }

    /// Whether patterns leave an entry out: the user's first, then those of the nearest folder.
    private func excludes(_ path: String, isFolder: Bool, _ rules: [IgnoreRules]) -> Bool {
        if exclude.isEmpty, rules.isEmpty { return false }
        let parts = path.split(separator: "/").map(String.init)
        return exclude.excludes(parts, isFolder: isFolder)
            ?? rules.reversed().lazy.compactMap { $0.excludes(parts, isFolder: isFolder) }.first ?? false
    }

    private mutating func skip(_ error: TrawlError) throws {
        if onBadInput == .stop { throw error }
        skipped.add(InputIssue(error))
    }

    private func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private func status(_ path: String) throws -> stat {
        var info = stat()
        if stat(path, &info) == 0 { return info }
        let reason = errno
        var link = stat()
        if reason == ENOENT, lstat(path, &link) == 0 {
            throw TrawlError(
                .notFound, "is a link to nothing", path: path, remedy: "remove the link or restore its file")
        }
        throw TrawlError(
            reason == ENOENT ? .notFound : .io, "cannot be read: \(String(cString: strerror(reason)))", path: path,
            remedy: reason == ENOENT ? "check the path" : "check the path and its permissions")
    }

    /// The names in a folder in the order of their bytes, hidden ones left out.
    private mutating func entries(_ path: String) throws -> [String] {
        guard let folder = opendir(path) else {
            throw TrawlError(
                .io, "cannot be listed: \(String(cString: strerror(errno)))", path: path,
                remedy: "check that you may read the folder")
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let (name, shown) = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    (String(validatingCString: $0), String(cString: $0))
                }
            }
            if shown.hasPrefix(".") { continue }
            if let name {
                names.append(name)
            } else {
                try skip(
                    TrawlError(
                        .unsupported, "its name is not UTF-8", path: join(path, shown),
                        remedy: "rename it, for example with convmv"))
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// `path` from the root of the file system and without links; as it is where that is not known.
func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
