import Glibc

extension UnsafeMutableRawBufferPointer {
    /// Asks the system for large pages below memory that has not been touched yet. The first touch of a page costs more
    /// than reading a line of a file into it; memory of some megabytes has thousands of small pages.
    func preferLargePages() {
        let large = 1 << 21
        guard count >= 2 * large, let baseAddress else { return }
        let start = (UInt(bitPattern: baseAddress) + UInt(large) - 1) / UInt(large) * UInt(large)
        let end = (UInt(bitPattern: baseAddress) + UInt(count)) / UInt(large) * UInt(large)
        // Advice that the system does not take changes nothing but the time.
        madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_HUGEPAGE)
    }
}
