import Foundation
internal import TrawlCore

/// A meta page of LMDB 0.9: where a commit starts. There are two; commit N writes page N % 2.
///
/// ```
///  0             16        20         24       32       40            88        136         144
/// +-------------+---------+----------+--------+--------+-------------+---------+-----------+--------+
/// | page header | magic   | version  | unused | map    | free list's | main    | last page | number |
/// |             | u32     | u32      |        | size   | TreeRecord  | tree's  | u64       | u64    |
/// +-------------+---------+----------+--------+--------+-------------+---------+-----------+--------+
/// ```
///
/// The first field of the free list's record is the size of pages.
struct MetaPage: Equatable {
    static let byteCount = 152
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let version: UInt32 = 1
    private static let metaFlag: UInt16 = 8

    let pageSize: Int
    let free: TreeRecord
    let main: TreeRecord
    /// The last page in use: what comes after it in the file means nothing.
    let lastPage: UInt64
    /// The number of the commit.
    let transaction: UInt64

    /// - Throws: `TrawlError.corrupted` for a page that LMDB would not have written.
    init(_ map: PageMap, number: Int) throws {
        self = try Self.stableCopy(of: map.base + number * map.pageSize).withUnsafeBytes { bytes in
            try MetaPage(bytes, map, number: number)
        }
        guard pageSize == map.pageSize else {
            throw map.damaged(UInt64(number), "its page size is \(pageSize), not \(map.pageSize)")
        }
    }

    private init(_ bytes: UnsafeRawBufferPointer, _ map: PageMap, number: Int) throws {
        pageSize = try Self.pageSize(bytes, path: map.path, number: number)
        free = TreeRecord(bytes, at: 40)
        main = TreeRecord(bytes, at: 88)
        lastPage = bytes.loadUnaligned(fromByteOffset: 136, as: UInt64.self)
        transaction = bytes.loadUnaligned(fromByteOffset: 144, as: UInt64.self)
        guard lastPage >= 1, lastPage < 1 << 48 else {
            throw map.damaged(UInt64(number), "its last page is \(lastPage)")
        }
        guard transaction == 0 || transaction & 1 == number else {
            throw map.damaged(UInt64(number), "it holds commit \(transaction)")
        }
    }

    /// The size of pages that a meta page states.
    static func pageSize(_ bytes: UnsafeRawBufferPointer, path: String, number: Int) throws -> Int {
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Value.Type) -> Value {
            bytes.loadUnaligned(fromByteOffset: offset, as: type)
        }
        guard load(0, UInt64.self) == number, load(10, UInt16.self) == metaFlag, load(16, UInt32.self) == magic else {
            throw PageMap.damaged(path, UInt64(number), "it is not a meta page of LMDB")
        }
        guard load(20, UInt32.self) == version else {
            throw PageMap.damaged(path, UInt64(number), "its version is \(load(20, UInt32.self)), not \(version)")
        }
        let size = Int(load(40, UInt32.self))
        guard size >= 512, size <= 32768, size.nonzeroBitCount == 1 else {
            throw PageMap.damaged(path, UInt64(number), "its page size is \(size)")
        }
        return size
    }

    /// A copy of a meta page that no writer was changing meanwhile.
    private static func stableCopy(of address: UnsafeRawPointer) -> [UInt8] {
        func copy() -> [UInt8] { Array(UnsafeRawBufferPointer(start: address, count: byteCount)) }
        var last = copy()
        for _ in 0..<100 {
            let next = copy()
            if next == last { break }
            last = next
        }
        return last
    }

    /// The meta page of the last commit.
    ///
    /// - Throws: `TrawlError.corrupted` when one of the two is damaged: LMDB reads both.
    static func newest(_ map: PageMap) throws -> MetaPage {
        // Between both reads writers may commit.
        for attempt in 1... {
            let (first, second) = (try MetaPage(map, number: 0), try MetaPage(map, number: 1))
            let (older, newer) = first.transaction < second.transaction ? (first, second) : (second, first)
            if newer.transaction - older.transaction <= 1 { return newer }
            guard attempt < 10 else {
                throw map.damaged(
                    nil, "the meta pages hold commits \(older.transaction) and \(newer.transaction)")
            }
        }
        preconditionFailure("the loop ends by returning or throwing")
    }
}

/// What LMDB states of a tree: 48 bytes in a meta page, or the value of a table's name in the main tree.
struct TreeRecord: Equatable {
    static let byteCount = 48
    /// The root of an empty tree.
    private static let none = UInt64.max

    let flags: UInt16
    let depth: Int
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let entries: UInt64
    let root: UInt64

    static let empty = TreeRecord(
        flags: 0, depth: 0, branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0, root: none)

    var isEmpty: Bool { root == Self.none }
}

extension TreeRecord {
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        func load<Value: FixedWidthInteger & BitwiseCopyable>(_ field: Int, _ type: Value.Type) -> Value {
            bytes.loadUnaligned(fromByteOffset: offset + field, as: type)
        }
        self.init(
            flags: load(4, UInt16.self), depth: Int(load(6, UInt16.self)), branchPages: load(8, UInt64.self),
            leafPages: load(16, UInt64.self), overflowPages: load(24, UInt64.self), entries: load(32, UInt64.self),
            root: load(40, UInt64.self))
    }
}
