import Foundation
internal import TrawlCore

/// Verifies every page of a commit: what LMDB relies on when it changes a tree, and what it would write.
///
/// Pages of values are not read but for their first header; chunks have checksums of their own. Refused is nothing that LMDB
/// writes.
///
/// - Complexity: O(pages of the trees); a page of values a mebibyte.
struct PageVerifier {
    private let map: PageMap
    private let commit: MetaPage
    /// The pages that are reachable, in a tree or in the free list.
    private var used: BitSet
    /// The pages of trees, those of values included.
    private(set) var pageCount = 0
    /// The units of two bytes that the nodes of a page take.
    private var units: [UInt64]

    /// - Throws: `TrawlError.corrupted` for a file that lacks more pages than it could list as free.
    init(_ map: PageMap, _ commit: MetaPage) throws {
        self.map = map
        self.commit = commit
        // LMDB does not write pages that were taken and given back in one transaction, so that a file may end before its
        // last page. Each such page is listed in 8 bytes.
        guard commit.lastPage < map.pageCount + UInt64(map.byteCount / 8) else {
            throw Self.cut(map, commit)
        }
        used = BitSet(bound: Int(commit.lastPage) + 1)
        units = [UInt64](repeating: 0, count: map.pageSize / 2 / 64)
    }

    private static func cut(_ map: PageMap, _ commit: MetaPage) -> TrawlError {
        map.damaged(
            nil, "the file is cut: it has \(map.byteCount) bytes of \((commit.lastPage + 1) * UInt64(map.pageSize))")
    }

    /// Whether the file ends before its last page, so that it is sound only if `verify` finds that the rest is free.
    static func isShort(_ map: PageMap, _ commit: MetaPage) -> Bool { commit.lastPage >= map.pageCount }

    /// - Throws: `TrawlError.corrupted` that names the first page that is damaged, and how.
    mutating func verify() throws {
        try verifyTree(commit.main, name: "the list of tables", flags: 0) { verifier, page, index in
            let record = try CommittedTables.record(page, index)
            let name = String(decoding: try page.key(index), as: UTF8.self)
            try verifier.verifyTree(record, name: "the table \(name)", flags: 0) { _, page, index in
                guard try page.flags(index) & ~Page.bigValueFlag == 0 else {
                    throw page.map.damaged(page.number, "node \(index) has flags that Trawl does not use")
                }
            }
        }
        pageCount = used.count
        // LMDB compares the free list's keys as integers.
        try verifyTree(commit.free, name: "the free list", flags: 8) { verifier, page, index in
            try verifier.verifyFreePages(try page.value(index), in: page)
        }
        if Self.isShort(map, commit) {
            for page in map.pageCount...commit.lastPage where !used.contains(Int(page)) {
                throw Self.cut(map, commit)
            }
        }
    }

    /// Marks `pages` as reached.
    private mutating func use(_ pages: Range<UInt64>, from page: UInt64) throws {
        guard pages.lowerBound > 1, pages.upperBound <= commit.lastPage + 1 else {
            throw map.damaged(page, "it leads to page \(pages.upperBound - 1) of \(commit.lastPage)")
        }
        for number in pages where !used.insert(Int(number)) {
            throw map.damaged(page, "it leads to page \(number), which is used already")
        }
    }

    /// A list of free pages: their count, then their numbers in descending order.
    private mutating func verifyFreePages(_ list: UnsafeRawBufferPointer, in page: Page) throws {
        func entry(_ index: Int) -> UInt64 { list.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) }
        guard list.count >= 8, list.count & 7 == 0, entry(0) < list.count / 8 else {
            throw map.damaged(page.number, "a list of free pages is cut")
        }
        var previous = UInt64.max
        for index in 0..<Int(entry(0)) {
            let free = entry(index + 1)
            guard free < previous else { throw map.damaged(page.number, "a list of free pages is out of order") }
            guard free <= commit.lastPage else {
                throw map.damaged(page.number, "it lists page \(free) of \(commit.lastPage) as free")
            }
            try use(free..<free + 1, from: page.number)
            previous = free
        }
    }

    // MARK: Trees

    private struct Walk {
        let record: TreeRecord
        let isFreeList: Bool
        let visit: (inout PageVerifier, Page, Int) throws -> Void
        var branchPages: UInt64 = 0
        var leafPages: UInt64 = 0
        var overflowPages: UInt64 = 0
        var entries: UInt64 = 0
    }

    private mutating func verifyTree(
        _ record: TreeRecord, name: String, flags: UInt16,
        _ visit: @escaping (inout PageVerifier, Page, Int) throws -> Void
    ) throws {
        guard record.flags == flags else { throw map.damaged(nil, "\(name) has the flags \(record.flags)") }
        var walk = Walk(record: record, isFreeList: flags != 0, visit: visit)
        if !record.isEmpty {
            guard record.depth >= 1, record.depth <= PageTree.deepest else {
                throw map.damaged(nil, "\(name) has a depth of \(record.depth)")
            }
            guard record.root > 1, record.root <= commit.lastPage else {
                throw map.damaged(nil, "\(name) starts at page \(record.root) of \(commit.lastPage)")
            }
            try use(record.root..<record.root + 1, from: record.root)
            try verify(record.root, level: 1, from: nil, below: nil, &walk)
        } else if record.depth != 0 {
            throw map.damaged(nil, "\(name) has a depth of \(record.depth) and no pages")
        }
        guard walk.branchPages == record.branchPages, walk.leafPages == record.leafPages,
            walk.overflowPages == record.overflowPages, walk.entries == record.entries
        else {
            throw map.damaged(
                nil,
                "\(name) has \(walk.entries) entries, not the \(record.entries) that are stated, or another number of pages"
            )
        }
    }

    /// - Parameters:
    ///   - low: the least key that the page may have, and `high` the first beyond; nil for no bound.
    private mutating func verify(
        _ number: UInt64, level: Int, from low: UnsafeRawBufferPointer?, below high: UnsafeRawBufferPointer?,
        _ walk: inout Walk
    ) throws {
        let page = try Page(map, number)
        guard page.isLeaf == (level == walk.record.depth) else {
            throw map.damaged(number, "it is at level \(level) of a tree of depth \(walk.record.depth)")
        }
        try verifyNodes(page)
        try verifyKeys(page, from: low, below: high, walk)
        if page.isLeaf {
            walk.leafPages += 1
            walk.entries += UInt64(page.count)
            for index in 0..<page.count {
                if try page.flags(index) & Page.bigValueFlag != 0 {
                    let pages = try page.bigValue(index).pages
                    walk.overflowPages += UInt64(pages.count)
                    try use(pages, from: number)
                }
                try walk.visit(&self, page, index)
            }
            return
        }
        walk.branchPages += 1
        // LMDB keeps branches with one child in the free list only.
        guard page.count > 1 || walk.isFreeList else { throw map.damaged(number, "it is a branch with one child") }
        for index in 0..<page.count {
            let child = try page.child(index)
            try use(child..<child + 1, from: number)
            try verify(
                child, level: level + 1, from: index == 0 ? low : try page.key(index),
                below: index + 1 < page.count ? try page.key(index + 1) : high, &walk)
        }
    }

    /// Nodes lie in the page, and no two share a byte: deleting moves what is beside them.
    private mutating func verifyNodes(_ page: Page) throws {
        for unit in units.indices { units[unit] = 0 }
        var taken = 0
        for index in 0..<page.count {
            let range = try page.nodeRange(index)
            taken += range.count
            var unit = range.lowerBound / 2
            let end = range.upperBound / 2
            while unit < end {
                let bits = min(64 - unit & 63, end - unit)
                units[unit >> 6] |= (bits == 64 ? ~0 : (1 << UInt64(bits)) - 1) << UInt64(unit & 63)
                unit += bits
            }
        }
        guard taken == map.pageSize - page.upper, units.reduce(0, { $0 + $1.nonzeroBitCount }) == taken / 2 else {
            throw map.damaged(page.number, "its nodes overlap or leave gaps")
        }
    }

    private func verifyKeys(
        _ page: Page, from low: UnsafeRawBufferPointer?, below high: UnsafeRawBufferPointer?, _ walk: Walk
    ) throws {
        func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
            guard walk.isFreeList else { return compareKeys(a, b) < 0 }
            return a.loadUnaligned(as: UInt64.self) < b.loadUnaligned(as: UInt64.self)
        }
        // A branch's first key means nothing.
        var previous: UnsafeRawBufferPointer?
        for index in (page.isLeaf ? 0 : 1)..<page.count {
            let key = try page.key(index)
            guard walk.isFreeList ? key.count == 8 : key.count >= 1 && key.count <= Page.longestKey else {
                throw map.damaged(page.number, "node \(index) has a key of \(key.count) bytes")
            }
            guard previous.map({ precedes($0, key) }) ?? low.map({ !precedes(key, $0) }) ?? true,
                high.map({ precedes(key, $0) }) ?? true
            else { throw map.damaged(page.number, "its keys are out of order") }
            previous = key
        }
    }
}
