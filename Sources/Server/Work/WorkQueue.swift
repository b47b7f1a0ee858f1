import Foundation
import HTTPTypes
import Synchronization

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
        metrics.changeQueue(by: 1)
        guard before < limit else {
            leave()
            var fault = RequestFault(
                .tooManyRequests, "overloaded", "\(limit) requests are waiting", remedy: "try again in a second")
            fault.headers[.retryAfter] = "1"
            throw fault
        }
    }

    /// A request waits no more.
    func leave() {
        waiting.wrappingSubtract(1, ordering: .relaxed)
        metrics.changeQueue(by: -1)
    }

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

    /// What `body` gives, computed for one request. A request that waits too long is answered at its deadline, but keeps its
    /// place in the queue.
    ///
    /// - Throws: `RequestFault` where too many requests wait or this one waited too long, `CancellationError` where its client
    ///   has gone, and what `body` throws.
    func run<Value: Sendable>(for ticket: Ticket, _ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try admit()
        return try await withCheckedThrowingContinuation { continuation in
            let turn = Turn(continuation)
            ticket.atDeadline { [weak turn] in turn?.take()?.resume(throwing: Ticket.waitedTooLong) }
            enqueue { [self] in
                leave()
                guard let continuation = turn.take() else { return }
                continuation.resume(
                    with: Result {
                        try ticket.checkWorth()
                        return try body()
                    })
            }
        }
    }
}

/// A request that is answered by its turn or by its deadline, whichever comes first.
private final class Turn<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) { self.continuation = Mutex(continuation) }

    /// nil for whoever comes second.
    func take() -> CheckedContinuation<Value, any Error>? {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
    }
}
