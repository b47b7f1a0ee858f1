import Foundation
internal import TrawlCore

/// Memory for the tokens of a segment under construction: grows in place where the system can, and is not filled with
/// zeros first. Read and written through its pointer alone.
final class TokenBuffer {
    private(set) var base: UnsafeMutablePointer<Int32>
    private(set) var count = 0
    private var capacity: Int

    /// A buffer of `count` undefined values.
    init(count: Int = 0) throws {
        capacity = max(count, 1024)
        base = try Self.resize(nil, capacity)
        self.count = count
    }

    deinit { free(base) }

    var buffer: UnsafeMutableBufferPointer<Int32> { UnsafeMutableBufferPointer(start: base, count: count) }

    func append(_ tokens: UnsafeBufferPointer<TokenID>) throws {
        if count + tokens.count > capacity {
            capacity = max(count + tokens.count, capacity + capacity / 2)
            base = try Self.resize(base, capacity)
        }
        for token in tokens {
            base[count] = Int32(bitPattern: token)
            count &+= 1
        }
    }

    private static func resize(_ old: UnsafeMutablePointer<Int32>?, _ capacity: Int) throws
        -> UnsafeMutablePointer<Int32>
    {
        guard let memory = realloc(old, capacity * MemoryLayout<Int32>.stride) else {
            throw TrawlError(
                .full, "no memory for \(capacity) tokens", remedy: "index fewer documents in one segment")
        }
        return memory.assumingMemoryBound(to: Int32.self)
    }
}
