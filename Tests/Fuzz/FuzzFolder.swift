import Foundation
import Glibc
import TrawlCore

/// Where runs write what can only be read from a path: in memory, where the system has such a folder.
final class FuzzFolder {
    let path: String

    init() throws {
        path = Self.ownPath
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    private static var ownPath: String {
        (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()) + "/trawl-fuzz-\(getpid())"
    }

    func remove() { Self.removeOwn() }

    /// Removes what this process wrote.
    static func removeOwn() { try? FileManager.default.removeItem(atPath: ownPath) }

    /// Removes what processes left that were killed.
    static func removeAbandoned() {
        for base in ["/dev/shm", NSTemporaryDirectory()] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
            for name in names where name.hasPrefix("trawl-fuzz-") {
                guard let process = pid_t(name.dropFirst("trawl-fuzz-".count)), kill(process, 0) != 0, errno == ESRCH
                else { continue }
                try? FileManager.default.removeItem(atPath: base + "/" + name)
            }
        }
    }

    /// Writes `bytes` over the file `name` and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try writeBytes(bytes, file)
        return file
    }
}

func readBytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

func writeBytes(_ bytes: [UInt8], _ path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw TrawlError(.io, "cannot be written", path: path) }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + done }, $0.count - done) }
        guard count > 0 else { throw TrawlError(.io, "cannot be written", path: path) }
        done += count
    }
}

/// The names of the files in a folder in order; none where there is no folder.
func fileNames(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().filter {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: folder + "/" + $0, isDirectory: &isFolder) && !isFolder.boolValue
    }
}
