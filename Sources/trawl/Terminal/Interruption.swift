import Synchronization
import TrawlCore

/// What Ctrl-C does: it ends the program, unless a command has asked to be told, which then ends its work in good order. A
/// second Ctrl-C ends the program all the same.
enum Interruption {
    private static let isAwaited = Atomic<Bool>(false)
    private static let isRequested = Atomic<Bool>(false)

    /// From now on the first Ctrl-C only sets `hasCome`.
    static func await() { isAwaited.store(true, ordering: .releasing) }

    /// From now on Ctrl-C ends the program again.
    static func release() { isAwaited.store(false, ordering: .releasing) }

    /// Whether Ctrl-C was pressed.
    static var hasCome: Bool { isRequested.load(ordering: .acquiring) }

    /// Whether Ctrl-C was pressed, as library code asks.
    static let cancellation = Cancellation { hasCome }

    /// Called for each Ctrl-C; whether somebody will see to it.
    static func come() -> Bool {
        isAwaited.load(ordering: .acquiring) && !isRequested.exchange(true, ordering: .acquiringAndReleasing)
    }
}
