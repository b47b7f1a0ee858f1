internal import Glibc

/// A new file in a folder that gets the name of another when it is complete. Until then it has none where the file system
/// allows it, so that a killed process leaves nothing; elsewhere it is hidden.
struct TemporaryFile: ~Copyable {
    let descriptor: Int32
    private let folder: String
    private var name: String?

    /// Linux's O_TMPFILE, which its C header composes.
    private static let unnamed = 0o20_000_000 | O_DIRECTORY

    /// - Throws: the system's reason as an `Errno`.
    init(in folder: String) throws(Errno) {
        self.folder = folder
        // Without /proc an unnamed file could not get a name.
        if access("/proc/self/fd", X_OK) == 0 {
            let descriptor = open(folder, O_RDWR | O_CLOEXEC | Self.unnamed, 0o666)
            if descriptor >= 0 {
                self.descriptor = descriptor
                return
            }
        }
        while true {
            let name = Self.randomName(in: folder)
            let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                self.descriptor = descriptor
                self.name = name
                return
            }
            guard errno == EEXIST || errno == EINTR else { throw Errno() }
        }
    }

    deinit {
        if let name { unlink(name) }
        close(descriptor)
    }

    /// Gives the file the name `path` in place of a file that has it.
    mutating func rename(to path: String) throws(Errno) {
        while name == nil {
            let name = Self.randomName(in: folder)
            if linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 {
                self.name = name
            } else if errno != EEXIST {
                throw Errno()
            }
        }
        guard let name, Glibc.rename(name, path) == 0 else { throw Errno() }
        self.name = nil
    }

    private static func randomName(in folder: String) -> String {
        (folder == "/" ? "" : folder) + "/.trawl-\(String(UInt64.random(in: 0 ... .max), radix: 36)).part"
    }
}

/// The system's reason for a refusal.
struct Errno: Error {
    let code: Int32

    init(_ code: Int32 = errno) { self.code = code }
}
