import Dispatch
import HTTPTypes

/// Whom a computation is for, and how long it may wait.
struct Ticket: Sendable {
    /// Whether the client has closed its connection.
    let isAbandoned: @Sendable () -> Bool
    let deadline: ContinuousClock.Instant

    static var waitedTooLong: RequestFault {
        RequestFault(
            .serviceUnavailable, "timeout", "the server was too busy to begin with the request in time",
            remedy: "try again later")
    }

    /// - Parameter hasBegun: whether a part of the request is computed already, so that it waits no more.
    /// - Throws: where nobody waits for an answer any more.
    func checkWorth(hasBegun: Bool = false) throws {
        if isAbandoned() { throw CancellationError() }
        guard hasBegun || ContinuousClock.now < deadline else { throw Self.waitedTooLong }
    }

    /// Calls `body` at the deadline, whether the request was answered before or not: `body` should hold nothing that is large.
    func atDeadline(_ body: @escaping @Sendable () -> Void) {
        let left = ContinuousClock.now.duration(to: deadline) / .seconds(1)
        DispatchQueue.global().asyncAfter(deadline: .now() + left, execute: body)
    }
}
