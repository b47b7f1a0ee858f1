import Foundation
import HTTPTypes
import Synchronization

/// Whom a computation is for, and how long it may wait.
struct Ticket: Sendable {
    /// Whether the client has closed its connection.
    let isAbandoned: @Sendable () -> Bool
    let deadline: ContinuousClock.Instant
}

/// The threads that compute for requests, apart from those that read and write connections. What is not begun may wait, up
/// to a number of requests.
final class WorkQueue: Sendable {
    private let operations: OperationQueue
    private let limit: Int
    private let waiting = Atomic<Int>(0)
    private let metrics: ServerMetrics

    /// - Parameters:
    ///   - threads: how many computations run at once. Each may use all cores.
    ///   - limit: the requests that may wait.
    init(threads: Int, limit: Int, metrics: ServerMetrics) {
        operations = OperationQueue()
        operations.maxConcurrentOperationCount = threads
        self.limit = limit
        self.metrics = metrics
    }

    /// Counts a request as waiting.
    ///
    /// - Throws: `RequestFault` with status 429 where too many wait.
    func admit() throws {
        let before = waiting.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before < limit else {
            leave()
            var fault = RequestFault(
                .tooManyRequests, "overloaded", "\(limit) requests are waiting", remedy: "try again in a second")
            fault.headers[.retryAfter] = "1"
            throw fault
        }
        metrics.setQueue(before + 1)
    }

    /// A request waits no more.
    func leave() { metrics.setQueue(waiting.wrappingSubtract(1, ordering: .relaxed).newValue) }

    /// Runs `body` on a thread of the queue, in the order of arrival.
    func enqueue(_ body: @escaping @Sendable () -> Void) { operations.addOperation(body) }

    /// Runs `body` for one request, which waits until then.
    ///
    /// - Throws: `RequestFault` where too many requests wait.
    func start(_ body: @escaping @Sendable () -> Void) throws {
        try admit()
        enqueue { [self] in
            leave()
            body()
        }
    }

    /// What `body` gives, computed for one request.
    ///
    /// - Throws: `RequestFault` where too many requests wait or this one waited too long, `CancellationError` where its client
    ///   has gone, and what `body` throws.
    func run<Value: Sendable>(for ticket: Ticket, _ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try admit()
        return try await withCheckedThrowingContinuation { continuation in
            enqueue { [self] in
                leave()
                continuation.resume(
                    with: Result {
                        try Self.checkWorth(ticket)
                        return try body()
                    })
            }
        }
    }

    /// - Throws: where nobody waits for an answer any more.
    static func checkWorth(_ ticket: Ticket) throws {
        if ticket.isAbandoned() { throw CancellationError() }
        guard ContinuousClock.now < ticket.deadline else {
            throw RequestFault(
                .serviceUnavailable, "timeout", "the server was too busy to begin with the request in time",
                remedy: "try again later")
        }
    }
}
