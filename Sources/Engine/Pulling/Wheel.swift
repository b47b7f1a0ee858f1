import Foundation
import TrawlCore
import TrawlTokenizers

/// A Python package as a zip archive.
package struct Wheel {
    /// In hexadecimal digits.
    package let sha256: String
    private let archive: ZipArchive
    private let path: String

    /// What a wheel may have packed and unpacked, in bytes.
    private static let maximumPacked = 1 << 30
    private static let maximumUnpacked = 2 << 30

    package init(path: String) throws {
        self.path = path
        let file = try MappedFile(path: path)
        guard file.count <= Self.maximumPacked else {
            throw TrawlError(.invalidInput, "is longer than \(Self.maximumPacked >> 20) MiB", path: path)
        }
        sha256 = file.withBytes { bytes in
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 20, bytes.count)])
                part.withMemoryRebound(to: UInt8.self) { hash.update($0) }
            }
            return hash.digest()
        }
        archive = try ZipArchive(file.withBytes { Array($0) }, path: path, limit: Self.maximumUnpacked)
    }

    /// Writes the files in `folder`, but for Python's, to `target`.
    ///
    /// - Throws: `TrawlError.corrupted` for names that lead out of the folder, or when there is no file in it.
    package func extract(folder: String, to target: String) throws {
        var isEmpty = true
        for name in archive.names where name.hasPrefix(folder + "/") {
            let inside = String(name.dropFirst(folder.count + 1))
            guard !inside.isEmpty, !inside.hasSuffix("/"), !inside.hasSuffix(".py") else { continue }
            let parts = inside.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), !inside.contains("\0") else {
                throw TrawlError(
                    .corrupted, "its entry \(name) has a name that leads out of its folder", path: path,
                    remedy: "download it again")
            }
            try write(name, to: target + "/" + inside)
            isEmpty = false
        }
        if isEmpty { throw missing(folder) }
    }

    /// Writes one file to `target`, and gives that.
    func extract(file: String, to target: String) throws -> String {
        try write(file, to: target)
        return target
    }

    private func write(_ name: String, to target: String) throws {
        guard let bytes = try archive.contents(of: name) else { throw missing(name) }
        try OutputFolder.make((target as NSString).deletingLastPathComponent)
        try OutputFile(target).write(bytes)
    }

    private func missing(_ name: String) -> TrawlError {
        TrawlError(.corrupted, "the package has no \(name)", path: path, remedy: "download it again")
    }
}
