import Glibc

/// How much address space a map may take.
enum AddressSpace {
    /// The address space to reserve for a file that may grow: `most` where nothing limits the process, since it costs nothing; half
    /// of what is left under a limit (`ulimit -v`), so that models and threads have theirs, but a little more than the
    /// file at least.
    static func forMap(of fileBytes: Int, most: Int) -> Int {
        guard let left else { return most }
        let pages = 1 << 20
        let share = max(left / 2, fileBytes + (64 << 20)) / pages * pages
        return min(most, share)
    }

    /// What a limit leaves to the process, in bytes; nil when there is no limit.
    private static var left: Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < UInt(Int.max) else {
            return nil
        }
        return max(0, Int(limit.rlim_cur) - taken)
    }

    /// The address space that the process takes now: the first number of `/proc/self/statm`, in pages.
    private static var taken: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        return strtol(line, nil, 10) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
