import Foundation

/// A page of a B-tree, read in place. Its header is checked at once and each node before it is used; `PageVerifier` checks
/// the order of keys and everything else that only changing a tree relies on.
///
/// ```
///  0        8     10      12      14      16              lower        upper                 page size
/// +--------+-----+-------+-------+-------+---------------+------------+---------------------------+
/// | number | pad | flags | lower | upper | offsets, u16  | free space | nodes, in any order       |
/// +--------+-----+-------+-------+-------+---------------+------------+---------------------------+
/// node of a leaf:   value bytes u32 | flags u16 | key bytes u16 | key | value, or the page u64 where it starts
/// node of a branch: child page (48 bits)        | key bytes u16 | key
/// page of a value:  number u64 | pad | flags u16 | pages u32 | value ...
/// ```
struct Page {
    static let headerBytes = 16
    static let nodeBytes = 8
    static let longestKey = 511

    static let branchFlag: UInt16 = 1
    static let leafFlag: UInt16 = 2
    static let overflowFlag: UInt16 = 4

    /// Flags of a node: its value has pages of its own; its value is the record of a table.
    static let bigValueFlag: UInt16 = 1
    static let tableFlag: UInt16 = 2

    // Whoever holds a page holds its map.
    unowned(unsafe) let map: PageMap
    let number: UInt64
    let base: UnsafeRawPointer
    let isLeaf: Bool
    /// The number of nodes, at least one.
    let count: Int
    /// Where the nodes start.
    let upper: Int

    init(_ map: PageMap, _ number: UInt64) throws {
        let base = try map.address(of: number)
        self.map = map
        self.number = number
        self.base = base
        let flags = base.load(fromByteOffset: 10, as: UInt16.self)
        let lower = Int(base.load(fromByteOffset: 12, as: UInt16.self))
        upper = Int(base.load(fromByteOffset: 14, as: UInt16.self))
        isLeaf = flags == Self.leafFlag
        count = (lower - Self.headerBytes) / 2
        guard base.load(as: UInt64.self) == number else {
            throw map.damaged(number, "it says that it is page \(base.load(as: UInt64.self))")
        }
        guard isLeaf || flags == Self.branchFlag else {
            throw map.damaged(number, "its flags are \(flags), neither of a branch nor of a leaf")
        }
        guard lower > Self.headerBytes, lower & 1 == 0, lower <= upper, upper <= map.pageSize else {
            throw map.damaged(number, "its free space is from \(lower) to \(upper)")
        }
    }

    /// The offset of node `index`, whose header and key lie in the page.
    private func node(_ index: Int) throws -> Int {
        let offset = Int(base.load(fromByteOffset: Self.headerBytes + 2 * index, as: UInt16.self))
        guard offset >= upper, offset & 1 == 0, offset + Self.nodeBytes <= map.pageSize,
            offset + Self.nodeBytes + keyBytes(offset) <= map.pageSize
        else { throw map.damaged(number, "node \(index) leaves it") }
        return offset
    }

    private func keyBytes(_ offset: Int) -> Int { Int(base.load(fromByteOffset: offset + 6, as: UInt16.self)) }

    /// - Precondition: `index` is below `count`, here and below.
    func key(_ index: Int) throws -> UnsafeRawBufferPointer {
        let offset = try node(index)
        return UnsafeRawBufferPointer(start: base + offset + Self.nodeBytes, count: keyBytes(offset))
    }

    func flags(_ index: Int) throws -> UInt16 { base.load(fromByteOffset: try node(index) + 4, as: UInt16.self) }

    /// The page that node `index` of a branch leads to.
    func child(_ index: Int) throws -> UInt64 {
        let offset = try node(index)
        func part(_ field: Int) -> UInt64 { UInt64(base.load(fromByteOffset: offset + field, as: UInt16.self)) }
        return part(0) | part(2) << 16 | part(4) << 32
    }

    /// The value of node `index` of a leaf, wherever it stands.
    func value(_ index: Int) throws -> UnsafeRawBufferPointer {
        let offset = try node(index)
        let start = offset + Self.nodeBytes + keyBytes(offset)
        if base.load(fromByteOffset: offset + 4, as: UInt16.self) & Self.bigValueFlag != 0 {
            return try bigValue(index).value
        }
        let bytes = valueBytes(offset)
        guard start + bytes <= map.pageSize else { throw map.damaged(number, "node \(index) leaves it") }
        return UnsafeRawBufferPointer(start: base + start, count: bytes)
    }

    private func valueBytes(_ offset: Int) -> Int {
        Int(base.load(fromByteOffset: offset, as: UInt16.self))
            | Int(base.load(fromByteOffset: offset + 2, as: UInt16.self)) << 16
    }

    /// A value with pages of its own, and these.
    func bigValue(_ index: Int) throws -> (value: UnsafeRawBufferPointer, pages: Range<UInt64>) {
        let offset = try node(index)
        let start = offset + Self.nodeBytes + keyBytes(offset)
        guard start + 8 <= map.pageSize else { throw map.damaged(number, "node \(index) leaves it") }
        let first = (base + start).loadUnaligned(as: UInt64.self)
        let page = try map.address(of: first)
        let flags = page.load(fromByteOffset: 10, as: UInt16.self)
        let pages = UInt64(page.load(fromByteOffset: 12, as: UInt32.self))
        guard page.load(as: UInt64.self) == first, flags == Self.overflowFlag else {
            throw map.damaged(first, "it does not start the value that page \(number) says is there")
        }
        let bytes = valueBytes(offset)
        guard pages > 0, bytes <= Int(pages) * map.pageSize - Self.headerBytes else {
            throw map.damaged(first, "it starts \(pages) pages for \(bytes) bytes")
        }
        _ = try map.address(of: first + pages - 1)
        return (UnsafeRawBufferPointer(start: page + Self.headerBytes, count: bytes), first..<first + pages)
    }

    /// The bytes that node `index` takes: LMDB aligns nodes to 2 bytes.
    func nodeRange(_ index: Int) throws -> Range<Int> {
        let offset = try node(index)
        var bytes = Self.nodeBytes + keyBytes(offset)
        if isLeaf {
            let isBig = base.load(fromByteOffset: offset + 4, as: UInt16.self) & Self.bigValueFlag != 0
            bytes += isBig ? 8 : valueBytes(offset)
        }
        let end = offset + (bytes + 1) / 2 * 2
        guard end <= map.pageSize else { throw map.damaged(number, "node \(index) leaves it") }
        return offset..<end
    }

    /// The first node whose key is not before `key`, and whether it has that key; `count` when there is none.
    ///
    /// - Parameter low: the first node that counts: a branch's first key means nothing.
    func search(_ key: UnsafeRawBufferPointer, from low: Int = 0) throws -> (index: Int, isExact: Bool) {
        var (low, high) = (low, count)
        while low < high {
            let middle = (low + high) / 2
            let order = compareKeys(try self.key(middle), key)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }

    /// The node of a branch that leads to `key`.
    func branch(to key: UnsafeRawBufferPointer) throws -> Int {
        let (index, isExact) = try search(key, from: 1)
        return isExact ? index : index - 1
    }
}

/// The order of keys in LMDB: bytes, and a prefix first.
func compareKeys(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    if let first = a.baseAddress, let second = b.baseAddress {
        let order = memcmp(first, second, min(a.count, b.count))
        if order != 0 { return Int(order) }
    }
    return a.count - b.count
}
