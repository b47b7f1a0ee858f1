import TrawlCore
import TrawlCorpus

/// The files that an index was built of, as they were then, so that a later run finds what has changed since.
///
/// Stored as metadata, a record per file: `number TAB size TAB modified TAB key NUL`. Documents hold the numbers.
struct CorpusFileTable: Equatable {
    struct Entry: Equatable {
        let number: UInt32
        let size: Int
        /// In nanoseconds since 1970.
        let modified: Int
    }

    static let metadataName = "files"

    /// By `FileStamp.key`.
    private(set) var entries: [String: Entry] = [:]

    /// The files of a new index, numbered in their order.
    init(_ files: [FileStamp]) {
        for (index, file) in files.enumerated() {
            entries[file.key] = Entry(number: UInt32(index + 1), size: file.size, modified: file.modified)
        }
    }

    /// - Throws: `TrawlError.corrupted` for anything but what `bytes` gives.
    init(stored bytes: [UInt8], path: String) throws {
        for record in bytes.split(separator: 0) {
            let fields = record.split(separator: UInt8(ascii: "\t"), maxSplits: 3).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard fields.count == 4, let number = UInt32(fields[0]), number > 0, let size = Int(fields[1]),
                let modified = Int(fields[2])
            else {
                throw TrawlError(
                    .corrupted, "the list of the corpus's files is damaged", path: path, remedy: "build the index again"
                )
            }
            entries[fields[3]] = Entry(number: number, size: size, modified: modified)
        }
    }

    var bytes: [UInt8] {
        let records = entries.sorted { $0.value.number < $1.value.number }.map { key, entry in
            "\(entry.number)\t\(entry.size)\t\(entry.modified)\t\(key)\0"
        }
        return Array(records.joined().utf8)
    }

    /// The table with these files to be read again by the next run, whatever has changed.
    func rereading(_ keys: Set<String>) -> CorpusFileTable {
        var table = self
        for key in keys {
            guard let entry = entries[key] else { continue }
            table.entries[key] = Entry(number: entry.number, size: -1, modified: entry.modified)
        }
        return table
    }

    /// This table with the entries of `other` for files that it lacks.
    func keeping(_ other: CorpusFileTable) -> CorpusFileTable {
        var table = self
        table.entries.merge(other.entries) { own, _ in own }
        return table
    }

    /// The table for the files as they are now: known files keep their numbers, new ones get numbers of their own.
    func updated(to files: [FileStamp]) -> CorpusFileTable {
        var table = CorpusFileTable([])
        var next = (entries.values.map(\.number).max() ?? 0) + 1
        for file in files {
            let known = entries[file.key]?.number
            table.entries[file.key] = Entry(number: known ?? next, size: file.size, modified: file.modified)
            if known == nil { next += 1 }
        }
        return table
    }
}

/// What a run of the builder knows of the files that documents come from.
struct CorpusFiles {
    /// What the index will store.
    private(set) var table: CorpusFileTable
    /// File numbers by the path in a document's origin.
    let numbers: [String: UInt32]
    /// The files to read; the others are as they were.
    let changed: [FileStamp]
    /// The numbers of the files that are read again or are gone: what the index has of them is replaced.
    private(set) var stale: Set<UInt32>

    /// Those of a new index.
    init(new files: [FileStamp]) { self.init(files, since: nil, isComplete: true) }

    /// - Parameters:
    ///   - before: the table of the index that is synchronised; nil for none.
    ///   - isComplete: Whether all files were found. If not, those that are missing are taken to be as they were.
    init(_ files: [FileStamp], since before: CorpusFileTable?, isComplete: Bool) {
        var table = before?.updated(to: files) ?? CorpusFileTable(files)
        if !isComplete, let before { table = table.keeping(before) }
        self.table = table
        numbers = Dictionary(
            files.map { ($0.path, table.entries[$0.key]?.number ?? 0) }, uniquingKeysWith: { first, _ in first })
        changed = files.filter { before?.entries[$0.key] != table.entries[$0.key] }
        var stale = Set(changed.compactMap { before?.entries[$0.key]?.number })
        for (key, entry) in before?.entries ?? [:] where table.entries[key] == nil { stale.insert(entry.number) }
        self.stale = stale
    }

    /// The same once all was read: what the index has of `incomplete` files stays, and the next run reads them again.
    ///
    /// - Parameter incomplete: paths as in the origins of documents.
    func finished(incomplete: Set<String>) -> CorpusFiles {
        if incomplete.isEmpty { return self }
        var finished = self
        let keys = changed.filter { incomplete.contains($0.path) }.map(\.key)
        finished.table = table.rereading(Set(keys))
        for key in keys { finished.stale.remove(table.entries[key]?.number ?? 0) }
        return finished
    }
}
