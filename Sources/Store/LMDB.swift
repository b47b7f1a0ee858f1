internal import CTrawlLMDB
internal import TrawlCore

#if canImport(Glibc)
import Glibc
#endif

/// Turns a return code of LMDB into an error that says what the user can do.
func check(_ code: Int32, _ call: StaticString, path: String) throws {
    guard code != MDB_SUCCESS else { return }
    let reason = String(cString: mdb_strerror(code))
    switch code {
    case ENOSPC, EDQUOT, EFBIG:
        throw TrawlError(
            .full, "the disk (or the quota) is full", path: path,
            remedy: "free some space and run the command again; the index still holds its last commit")
    case EIO:
        // LMDB's answer to a write that stopped short, which is how most disks get full.
        throw TrawlError(
            .full, "\(call) stopped short: the disk is full, or fails", path: path,
            remedy: "free some space and run the command again; the index still holds its last commit")
    case MDB_MAP_FULL:
        throw TrawlError(
            .full, "the index does not fit into the address space that could be mapped", path: path,
            remedy: "raise the limit on virtual memory (ulimit -v)")
    case EACCES, EROFS, EPERM:
        throw TrawlError(.io, "\(reason)", path: path, remedy: "check the permissions of the folder")
    case MDB_READERS_FULL:
        throw TrawlError(.busy, "too many processes read this index", path: path, remedy: "try again later")
    case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_PANIC, MDB_INVALID, MDB_VERSION_MISMATCH:
        throw TrawlError(
            .corrupted, "\(call): \(reason)", path: path, remedy: "restore a copy or build the index again")
    default:
        throw TrawlError(.io, "\(call): \(reason)", path: path)
    }
}

extension MDB_val {
    /// The bytes that LMDB points to; they live as long as the transaction that gave them.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}

/// Calls `body` with an `MDB_val` that points to `bytes`.
func withValue<Result>(_ bytes: [UInt8], _ body: (inout MDB_val) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes { buffer in
        // LMDB takes mutable pointers for what it only reads.
        var value = MDB_val(mv_size: buffer.count, mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
        return try body(&value)
    }
}
