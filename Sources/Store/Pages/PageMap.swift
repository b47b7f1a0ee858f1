import Foundation
internal import TrawlCore

/// A read-only map of `data.mdb`, through which every read goes. LMDB trusts what it finds in a page and has no checksums, so
/// that a damaged one could end the process; here every page number, offset and size is checked before use.
///
/// A map covers the file as it was when it was made; a file that has grown gets a new one. What is not guarded against is
/// another program that cuts or overwrites the file while it is open: reading what is gone ends the process (SIGBUS), and
/// what is read in place changes under the reader.
final class PageMap: @unchecked Sendable {
    // @unchecked: the memory is a read-only map.
    /// That of `data.mdb`.
    let path: String
    let base: UnsafeRawPointer
    let byteCount: Int
    let pageSize: Int

    /// - Parameter descriptor: of the file; it may be closed afterwards.
    /// - Throws: `TrawlError.corrupted` for a file that starts with no meta page.
    convenience init(descriptor: Int32, path: String) throws {
        var header = [UInt8](repeating: 0, count: MetaPage.byteCount)
        let count = pread(descriptor, &header, header.count, 0)
        guard count >= 0 else {
            throw TrawlError(.io, "the index cannot be read: \(String(cString: strerror(errno)))", path: path)
        }
        guard count == header.count else {
            throw Self.damaged(path, nil, "the file is cut: it has \(count) bytes")
        }
        let pageSize = try header.withUnsafeBytes { try MetaPage.pageSize($0, path: path, number: 0) }
        try self.init(descriptor: descriptor, path: path, pageSize: pageSize)
    }

    init(descriptor: Int32, path: String, pageSize: Int) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw TrawlError(.io, "the index cannot be read: \(String(cString: strerror(errno)))", path: path)
        }
        let size = Int(status.st_size) / pageSize * pageSize
        guard size >= 2 * pageSize else {
            throw Self.damaged(path, nil, "the file is cut: it has \(status.st_size) bytes")
        }
        guard let map = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), map != MAP_FAILED else {
            let reason = String(cString: strerror(errno))
            throw TrawlError(
                .full, "the index cannot be mapped into memory: \(reason)", path: path,
                remedy: "raise the limit on virtual memory (ulimit -v)")
        }
        // As LMDB does for MDB_NORDAHEAD: pages are read in no order.
        madvise(map, size, MADV_RANDOM)
        self.path = path
        self.pageSize = pageSize
        base = UnsafeRawPointer(map)
        byteCount = size
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), byteCount) }

    /// The number of whole pages.
    var pageCount: UInt64 { UInt64(byteCount / pageSize) }

    /// The address of page `number`.
    ///
    /// - Throws: `TrawlError.corrupted` for a page beyond the end of the file, or a meta page.
    func address(of number: UInt64) throws -> UnsafeRawPointer {
        guard number < pageCount else {
            throw damaged(nil, "the file is cut: it ends before page \(number), at \(byteCount) bytes")
        }
        guard number > 1 else { throw damaged(nil, "a page number leads to meta page \(number)") }
        return base + Int(number) * pageSize
    }

    /// - Parameter page: the page concerned; nil for the file as a whole.
    func damaged(_ page: UInt64?, _ what: String) -> TrawlError { Self.damaged(path, page, what) }

    static func damaged(_ path: String, _ page: UInt64?, _ what: String) -> TrawlError {
        TrawlError(
            .corrupted, (page.map { "page \($0) is damaged: " } ?? "") + what, path: path,
            remedy: "restore a copy, or save what is intact", topic: .damage)
    }
}
