import Synchronization
import TrawlCore

extension Cancellation {
    /// Cancels after a given number of checks.
    static func after(checks: Int) -> Cancellation {
        let asked = Counter()
        return Cancellation { asked.next() > checks }
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
