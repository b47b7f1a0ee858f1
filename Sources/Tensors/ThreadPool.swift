internal import CTrawlKernels
internal import Glibc
internal import Synchronization

/// Threads that share out the iterations of a loop.
///
/// Which thread takes an iteration is left to chance; what an iteration computes must not depend on it. A loop inside
/// an iteration, or one that begins while another caller's is running, runs on its own thread alone.
public final class ThreadPool: Sendable {
    /// As many threads as processors.
    public static let shared = ThreadPool(threadCount: nil)

    // The threads keep the crew alive, never the pool: so the pool goes when its last user does, and ends them.
    private let crew: Crew

    /// - Parameter threadCount: threads including the caller's; nil for as many as processors.
    public init(threadCount: Int?) {
        crew = Crew(wanted: max(1, threadCount ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    }

    deinit { crew.stop() }

    /// The threads that a loop is shared among, the caller's included. Setting it waits for a running loop, and is
    /// not for within one.
    public var threadCount: Int {
        get { crew.wanted }
        set { crew.wanted = newValue }
    }

    /// Calls `body` with each of `0..<count` once and returns when all have ended.
    public func parallelFor(_ count: Int, _ body: (Int) -> Void) { crew.parallelFor(count, body) }

    /// What two independent pieces of work give, done at the same time; the first error in this order.
    package func both<First, Second>(
        _ first: () throws -> First, _ second: () throws -> Second
    ) throws -> (First, Second) {
        nonisolated(unsafe) var one: Result<First, any Error>?
        nonisolated(unsafe) var two: Result<Second, any Error>?
        parallelFor(2) { index in
            if index == 0 { one = Result { try first() } } else { two = Result { try second() } }
        }
        guard let one, let two else { preconditionFailure("both have run") }
        return (try one.get(), try two.get())
    }
}

/// The threads of a pool and the loop that they run.
private final class Crew: @unchecked Sendable {
    // @unchecked: everything that changes is guarded by one of the two mutexes.
    private let lock = Mutexes()
    // Changed under `lock.caller`; the size is read from anywhere, loops included.
    private var workers: [pthread_t] = []
    private let size: Atomic<Int>
    // The running loop: guarded by `lock.state`.
    private var stopping = false
    private var body: ((Int) -> Void)?
    private var count = 0
    // Written under `lock.state`, and watched without it by threads that spin.
    private let generation = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    private let next = Atomic<Int>(0)

    /// How often a thread looks before it sleeps: some thirty microseconds, about what waking it takes. A decoder's
    /// loops follow each other at that distance.
    private static let spins = 2000

    init(wanted: Int) { size = Atomic(wanted) }

    private func spin(while isWaiting: () -> Bool) {
        var left = Self.spins
        while left > 0 && isWaiting() {
            trawl_pause()
            left -= 1
        }
    }

    var wanted: Int {
        get { size.load(ordering: .relaxed) }
        set {
            lock.lockCaller()
            stop()
            size.store(max(1, newValue), ordering: .relaxed)
            lock.unlockCaller()
        }
    }

    func parallelFor(_ count: Int, _ body: (Int) -> Void) {
        guard count > 1, lock.tryLockCaller() else {
            for index in 0..<max(count, 0) { body(index) }
            return
        }
        defer { lock.unlockCaller() }
        guard wanted > 1 else {
            for index in 0..<count { body(index) }
            return
        }
        start()
        withoutActuallyEscaping(body) { escaping in
            lock.lockState()
            self.body = escaping
            self.count = count
            next.store(0, ordering: .relaxed)
            running.store(workers.count, ordering: .relaxed)
            generation.wrappingAdd(1, ordering: .releasing)
            lock.wakeWorkers()
            lock.unlockState()

            drain(count, escaping)

            spin { running.load(ordering: .acquiring) > 0 }
            lock.lockState()
            while running.load(ordering: .relaxed) > 0 { lock.waitForEnd() }
            self.body = nil
            lock.unlockState()
        }
    }

    private func drain(_ count: Int, _ body: (Int) -> Void) {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index)
        }
    }

    private func start() {
        guard workers.isEmpty else { return }
        for _ in 1..<wanted {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(self)
            let failed = pthread_create(
                &thread, nil,
                { raw in
                    if let raw { Unmanaged<Crew>.fromOpaque(raw).takeRetainedValue().work() }
                    return nil
                }, context.toOpaque())
            if failed == 0 { workers.append(thread) } else { context.release() }
        }
    }

    private func work() {
        var seen = 0
        while true {
            spin { generation.load(ordering: .acquiring) == seen }
            lock.lockState()
            while generation.load(ordering: .relaxed) == seen && !stopping { lock.waitForWork() }
            if stopping { break }
            seen = generation.load(ordering: .relaxed)
            lock.unlockState()
            drainRunning()
            lock.lockState()
            if running.wrappingSubtract(1, ordering: .releasing).newValue == 0 { lock.signalEnd() }
            lock.unlockState()
        }
        lock.unlockState()
    }

    /// Takes part in the running loop, which does not end before `running` says that this thread has left. A function of
    /// its own, so that the reference to the body is given back by then.
    @inline(never)
    private func drainRunning() {
        if let body { drain(count, body) }
    }

    /// Ends the threads; the next loop starts others. No loop may be running.
    func stop() {
        lock.lockState()
        stopping = true
        lock.wakeWorkers()
        lock.unlockState()
        for worker in workers { pthread_join(worker, nil) }
        workers = []
        stopping = false
        generation.store(0, ordering: .relaxed)
    }
}

/// The POSIX primitives of a pool, at fixed addresses.
private final class Mutexes {
    private let caller = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let state = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let end = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(caller, nil)
        pthread_mutex_init(state, nil)
        pthread_cond_init(work, nil)
        pthread_cond_init(end, nil)
    }

    deinit {
        pthread_mutex_destroy(caller)
        pthread_mutex_destroy(state)
        pthread_cond_destroy(work)
        pthread_cond_destroy(end)
        caller.deallocate()
        state.deallocate()
        work.deallocate()
        end.deallocate()
    }

    func lockCaller() { pthread_mutex_lock(caller) }
    func tryLockCaller() -> Bool { pthread_mutex_trylock(caller) == 0 }
    func unlockCaller() { pthread_mutex_unlock(caller) }
    func lockState() { pthread_mutex_lock(state) }
    func unlockState() { pthread_mutex_unlock(state) }
    func wakeWorkers() { pthread_cond_broadcast(work) }
    func waitForWork() { pthread_cond_wait(work, state) }
    func signalEnd() { pthread_cond_signal(end) }
    func waitForEnd() { pthread_cond_wait(end, state) }
}
