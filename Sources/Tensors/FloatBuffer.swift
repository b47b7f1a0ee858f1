internal import Glibc

/// Uninitialised single-precision memory on a cache line's boundary, freed with the object. Its owner says who may write.
package final class FloatBuffer: @unchecked Sendable {
    package private(set) var base: UnsafeMutablePointer<Float>
    package private(set) var capacity: Int

    package init(capacity: Int = 0) {
        self.capacity = capacity
        base = Self.allocate(capacity)
    }

    deinit { free(base) }

    /// Room for at least `count` floats. Growing doubles and keeps nothing, unless `keeping` says how many floats.
    @discardableResult
    package func reserve(_ count: Int, keeping kept: Int = 0) -> UnsafeMutablePointer<Float> {
        if count <= capacity { return base }
        let grown = max(count, 2 * capacity)
        let larger = Self.allocate(grown)
        if kept > 0 { larger.update(from: base, count: kept) }
        free(base)
        base = larger
        capacity = grown
        return larger
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
        var raw: UnsafeMutableRawPointer?
        let failed = posix_memalign(&raw, 64, max(count, 16) * MemoryLayout<Float>.stride)
        guard failed == 0, let raw else { fatalError("out of memory: \(count) floats") }
        return raw.bindMemory(to: Float.self, capacity: max(count, 16))
    }
}

/// Buffers that belong to the running thread, one for each purpose, kept until the thread ends.
package enum ThreadScratch {
    package enum Purpose: Int { case weights, rows, quantised, scores, activations, padded }

    /// At least `count` floats of undefined content. The next call with the same purpose on this thread reuses them.
    package static func floats(_ purpose: Purpose, _ count: Int) -> UnsafeMutablePointer<Float> {
        let buffers: ThreadBuffers
        if let existing = pthread_getspecific(key) {
            buffers = Unmanaged<ThreadBuffers>.fromOpaque(existing).takeUnretainedValue()
        } else {
            buffers = ThreadBuffers()
            pthread_setspecific(key, Unmanaged.passRetained(buffers).toOpaque())
        }
        return buffers.all[purpose.rawValue].reserve(count)
    }

    private final class ThreadBuffers {
        let all = (0..<6).map { _ in FloatBuffer() }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { raw in
            if let raw { Unmanaged<ThreadBuffers>.fromOpaque(raw).release() }
        }
        return key
    }()
}
