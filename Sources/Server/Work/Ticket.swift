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

    /// Calls `body` at the deadline, unless the task is cancelled before.
    func atDeadline(_ body: @escaping @Sendable () -> Void) -> Task<Void, any Error> {
        Task { [deadline] in
            try await Task.sleep(until: deadline, clock: .continuous)
            body()
        }
    }
}
