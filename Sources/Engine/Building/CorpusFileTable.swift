import TrawlCore
import TrawlCorpus

/// The files that an index was built of, as they were then, so that a later run finds what has changed since.
///
/// Stored as metadata, a record per file: `number TAB size TAB changed TAB key NUL`. Documents hold the numbers. Before them
/// stands a record for each path that the user named, with number 0.
struct CorpusFileTable: Equatable {
    struct Entry: Equatable {
        let number: UInt32
        let size: Int
        /// In nanoseconds since 1970.
        let changed: Int

        /// - Parameter number: that of the file, from 1.
        init(_ file: FileStamp, number: UInt32) { self.init(number: number, size: file.size, changed: file.changed) }

        init(number: UInt32, size: Int, changed: Int) {
            self.number = number
            self.size = size
            self.changed = changed
        }
    }

    static let metadataName = "files"

    /// The paths that the user named.
    private(set) var roots: [String] = []
    /// By `FileStamp.key`.
    private(set) var entries: [String: Entry] = [:]

    /// The numbers of files, by `FileStamp.key`.
    var numbers: [String: UInt32] { entries.mapValues(\.number) }

    init() {}

    /// The files of a new index, numbered in their order.
    init(_ files: [FileStamp], roots: [String]) { self = CorpusFileTable().updated(to: files, roots: roots) }

    /// - Throws: `TrawlError.corrupted` for anything but what `bytes` gives.
    init(stored bytes: [UInt8], path: String) throws {
        for record in bytes.split(separator: 0) {
            let fields = record.split(separator: UInt8(ascii: "\t"), maxSplits: 3).map {
                String(decoding: $0, as: UTF8.self)
            }
            // Numbers above are never reached, and new ones follow the greatest.
            guard fields.count == 4, let number = UInt32(fields[0]), number < 1 << 31, let size = Int(fields[1]),
                let changed = Int(fields[2])
            else {
                throw TrawlError(
                    .corrupted, "the list of the corpus's files is damaged", path: path, remedy: "build the index again"
                )
            }
            if number == 0 {
                roots.append(fields[3])
            } else {
                entries[fields[3]] = Entry(number: number, size: size, changed: changed)
            }
        }
    }

    var bytes: [UInt8] {
        let files = entries.sorted { $0.value.number < $1.value.number }.map { key, entry in
            "\(entry.number)\t\(entry.size)\t\(entry.changed)\t\(key)\0"
        }
        return Array((roots.map { "0\t0\t0\t\($0)\0" } + files).joined().utf8)
    }

    /// The table for the files as they are now: known files keep their numbers, new ones get numbers of their own.
    ///
    /// - Parameter keeping: which of the files that are missing stay as they were.
    func updated(
        to files: [FileStamp], roots: [String], keeping: (_ key: String) -> Bool = { _ in false }
    ) -> CorpusFileTable {
        var table = CorpusFileTable()
        table.roots = roots
        table.entries = entries.filter { keeping($0.key) }
        var next = (entries.values.map(\.number).max() ?? 0) + 1
        for file in files {
            let known = entries[file.key]?.number
            table.entries[file.key] = Entry(file, number: known ?? next)
            if known == nil { next += 1 }
        }
        return table
    }
}
