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
    let size: Int
    /// In nanoseconds since 1970.
    let modified: Int
    /// Which of the paths that the user named it is, or is in, from 0.
    let root: Int
}

/// Finds the files of a corpus. Folders are walked in the order of their entries' bytes, hidden entries are passed
/// over, and a folder that several links lead to is walked once.
struct CorpusFileFinder {
    let format: CorpusFormat?
    private(set) var files: [CorpusFile] = []
    /// Files that were passed over because their names could not be read.
    private(set) var unreadableNames = 0
    private var visited: Set<FolderIdentity> = []
    private var root = -1

    private struct FolderIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    init(format: CorpusFormat?) { self.format = format }

    mutating func add(_ path: String) throws {
        root += 1
        if path == "-" {
            files.append(
                CorpusFile(
                    path: nil, relativePath: "-", format: format, wasNamed: true, size: 0, modified: 0,
                    root: root))
            return
        }
        let info = try status(path)
        if info.st_mode & S_IFMT == S_IFDIR {
            try addFolder(path, relativePath: "", info)
            return
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        files.append(
            CorpusFile(
                path: path, relativePath: name,
                format: format == .beir ? .jsonLines : format ?? CorpusFormat(fileName: name),
                wasNamed: true, size: Int(info.st_size), modified: modified(info), root: root))
    }

    private mutating func addFolder(_ path: String, relativePath: String, _ info: stat) throws {
        guard visited.insert(FolderIdentity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))).inserted else {
            return
        }
        let names = try entries(path)
        if format == nil || format == .beir {
            for name in ["corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst"] where names.contains(name) {
                let child = join(path, name)
                let info = try status(child)
                files.append(
                    CorpusFile(
                        path: child, relativePath: join(relativePath, name), format: .jsonLines, wasNamed: true,
                        size: Int(info.st_size), modified: modified(info), root: root))
                return
            }
        }
        for name in names {
            let child = join(path, name)
            let childRelative = join(relativePath, name)
            // A dangling link or a file that has just gone is not ours to complain about.
            guard let info = try? status(child) else { continue }
            if info.st_mode & S_IFMT == S_IFDIR {
                try addFolder(child, relativePath: childRelative, info)
            } else if info.st_mode & S_IFMT == S_IFREG, format != .beir {
                let known = format ?? CorpusFormat(fileName: name)
                files.append(
                    CorpusFile(
                        path: child, relativePath: childRelative, format: known, wasNamed: known != nil,
                        size: Int(info.st_size), modified: modified(info), root: root))
            }
        }
    }

    private func modified(_ info: stat) -> Int { info.st_mtim.tv_sec * 1_000_000_000 + info.st_mtim.tv_nsec }

    private func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private func status(_ path: String) throws -> stat {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw TrawlError(
                errno == ENOENT ? .notFound : .io, "cannot be read: \(String(cString: strerror(errno)))", path: path,
                remedy: "check the path")
        }
        return info
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
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(validatingCString: $0) }
            }
            guard let name else {
                unreadableNames += 1
                continue
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
