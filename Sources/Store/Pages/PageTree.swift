import Foundation
internal import TrawlCore

/// A table of a commit: a B-tree in pages that do not change as long as its snapshot lives.
struct PageTree {
    let map: PageMap
    let record: TreeRecord

    /// The deepest tree that LMDB can walk.
    static let deepest = 32

    private func page(_ number: UInt64, level: Int) throws -> Page {
        let page = try Page(map, number)
        guard page.isLeaf == (level == record.depth) else {
            throw map.damaged(number, "it is at level \(level) of a tree of depth \(record.depth)")
        }
        return page
    }

    private func checkDepth() throws {
        guard record.depth >= 1, record.depth <= Self.deepest else {
            throw map.damaged(record.root, "its tree has a depth of \(record.depth)")
        }
    }

    /// The value of `key`, in place.
    ///
    /// - Throws: `TrawlError.corrupted` for damage on the way.
    func find(_ key: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer? {
        try node(of: key).map { page, index in try page.value(index) }
    }

    /// The leaf and the node of `key`.
    func node(of key: UnsafeRawBufferPointer) throws -> (page: Page, index: Int)? {
        guard !record.isEmpty else { return nil }
        try checkDepth()
        var page = try page(record.root, level: 1)
        for level in 1..<record.depth {
            page = try self.page(page.child(page.branch(to: key)), level: level + 1)
        }
        let (index, isExact) = try page.search(key)
        return isExact ? (page, index) : nil
    }

    /// Calls `body` for every record from `first` on, in the order of the keys, until it answers false.
    ///
    /// - Throws: `TrawlError.corrupted` for damage on the way, keys out of order included: the walk ends.
    func scan(
        from first: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard !record.isEmpty else { return }
        try checkDepth()
        var previous: UnsafeRawBufferPointer?
        _ = try scan(record.root, level: 1, from: first, &previous, body)
    }

    private func scan(
        _ number: UInt64, level: Int, from first: UnsafeRawBufferPointer?, _ previous: inout UnsafeRawBufferPointer?,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        let page = try page(number, level: level)
        if page.isLeaf {
            for index in try (first.map { try page.search($0).index } ?? 0)..<page.count {
                let key = try page.key(index)
                // Damaged keys could lead back, and the walk would never end.
                if let previous, compareKeys(previous, key) >= 0 {
                    throw map.damaged(number, "its keys are out of order")
                }
                previous = key
                guard try body(key, page.value(index)) else { return false }
            }
            return true
        }
        let start = try first.map { try page.branch(to: $0) } ?? 0
        for index in start..<page.count {
            let isNext = try scan(
                page.child(index), level: level + 1, from: index == start ? first : nil, &previous, body)
            guard isNext else { return false }
        }
        return true
    }
}

/// The tables of one commit, by name.
struct CommittedTables {
    let map: PageMap
    let meta: PageTree
    let records: PageTree
    let blobs: PageTree

    /// The names under which LMDB has the tables.
    static let names = ["meta", "records", "blobs"]

    /// - Throws: `TrawlError.corrupted` for damage on the way to the names.
    init(_ map: PageMap, _ commit: MetaPage) throws {
        self.map = map
        let main = PageTree(map: map, record: commit.main)
        let trees = try Self.names.map { name in
            var name = name
            return try name.withUTF8 { name in
                guard let (page, index) = try main.node(of: UnsafeRawBufferPointer(name)) else {
                    return PageTree(map: map, record: .empty)
                }
                return PageTree(map: map, record: try Self.record(page, index))
            }
        }
        (meta, records, blobs) = (trees[0], trees[1], trees[2])
    }

    /// The tables of a commit, with another's for metadata.
    init(_ tables: CommittedTables, meta: PageTree) {
        (map, self.meta, records, blobs) = (tables.map, meta, tables.records, tables.blobs)
    }

    /// The record of the table that node `index` of a leaf of the main tree names.
    static func record(_ page: Page, _ index: Int) throws -> TreeRecord {
        let value = try page.value(index)
        guard try page.flags(index) == Page.tableFlag, value.count == TreeRecord.byteCount else {
            throw page.map.damaged(page.number, "node \(index) is not a table")
        }
        return TreeRecord(value, at: 0)
    }
}
