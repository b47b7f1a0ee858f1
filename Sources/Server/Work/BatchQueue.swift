import Synchronization

/// Computes requests of one kind together: those that arrive while a batch is computed make up the next one. A request that
/// comes alone does not wait.
final class BatchQueue<Key: Hashable & Sendable, Item: Sendable, Answer: Sendable>: Sendable {
    private struct Entry: Sendable {
        let item: Item
        let cost: Int
        let request: BatchedRequest<Answer>
        /// The place of the item in its request.
        let number: Int
    }

    private let work: WorkQueue
    private let maximumCost: Int
    private let metrics: ServerMetrics
    private let name: String
    private let compute: @Sendable (Key, [Item]) throws -> [Answer]
    /// What waits, by what can be computed together. A key is there as long as a batch of it is planned or computed.
    private let waiting = Mutex<[Key: [Entry]]>([:])

    /// - Parameters:
    ///   - name: of the kind, for metrics.
    ///   - maximumCost: of a batch of more than one item.
    ///   - compute: an answer for each item, in their order.
    init(
        _ name: String, _ work: WorkQueue, maximumCost: Int, metrics: ServerMetrics,
        compute: @escaping @Sendable (Key, [Item]) throws -> [Answer]
    ) {
        self.name = name
        self.work = work
        self.maximumCost = maximumCost
        self.metrics = metrics
        self.compute = compute
    }

    /// The answer to `item`, computed with others of the same key.
    ///
    /// - Throws: as `WorkQueue.run`.
    func answer(_ key: Key, _ item: Item, cost: Int, for ticket: Ticket) async throws -> Answer {
        try await answers(key, [item], cost: cost, for: ticket)[0]
    }

    /// The answers to the items of one request, which waits as one however many they are.
    ///
    /// - Parameter cost: of each item.
    /// - Throws: as `WorkQueue.run`, or what the first item failed with.
    func answers(_ key: Key, _ items: [Item], cost: Int, for ticket: Ticket) async throws -> [Answer] {
        if items.isEmpty { return [] }
        try work.admit()
        return try await withCheckedThrowingContinuation { continuation in
            let request = BatchedRequest(items.count, ticket, continuation)
            ticket.atDeadline { [weak request] in request?.giveUp() }
            let entries = items.enumerated().map { Entry(item: $1, cost: cost, request: request, number: $0) }
            let isFirst = waiting.withLock { waiting in
                guard waiting[key] == nil else {
                    waiting[key]?.append(contentsOf: entries)
                    return false
                }
                waiting[key] = entries
                return true
            }
            if isFirst { work.enqueue { self.computeNext(key) } }
        }
    }

    private func computeNext(_ key: Key) {
        let next = waiting.withLock { waiting in
            guard var queue = waiting[key] else { return [Entry]() }
            var (cost, count) = (0, 0)
            for entry in queue {
                if count > 0, cost + entry.cost > maximumCost { break }
                cost += entry.cost
                count += 1
            }
            let next = Array(queue.prefix(count))
            queue.removeFirst(count)
            waiting[key] = queue
            return next
        }
        let batch = next.filter { entry in
            let (isFirst, isOpen) = entry.request.begin()
            if isFirst { work.leave() }
            return isOpen
        }
        if !batch.isEmpty { compute(key, batch) }
        metrics.batch(name, answered: batch.count, dropped: next.count - batch.count)
        // Others of this key go to the end of the queue, so that no kind of request waits for all of another.
        let goesOn = waiting.withLock { waiting in
            if waiting[key]?.isEmpty == false { return true }
            waiting[key] = nil
            return false
        }
        if goesOn { work.enqueue { self.computeNext(key) } }
    }

    private func compute(_ key: Key, _ batch: [Entry]) {
        do {
            let answers = try compute(key, batch.map(\.item))
            for (entry, answer) in zip(batch, answers) { entry.request.answered(entry.number, answer) }
        } catch {
            guard batch.count > 1 else { return batch[0].request.failed(error) }
            // One that cannot be answered must not spoil the others.
            for entry in batch {
                do {
                    entry.request.answered(entry.number, try compute(key, [entry.item])[0])
                } catch {
                    entry.request.failed(error)
                }
            }
        }
    }
}

/// A request of one or several items that are computed in batches.
private final class BatchedRequest<Answer: Sendable>: Sendable {
    private struct State {
        var answers: [Answer?]
        var hasBegun = false
        /// nil once the request is answered.
        var continuation: CheckedContinuation<[Answer], any Error>?
    }

    private let ticket: Ticket
    private let state: Mutex<State>

    init(_ count: Int, _ ticket: Ticket, _ continuation: CheckedContinuation<[Answer], any Error>) {
        self.ticket = ticket
        state = Mutex(State(answers: Array(repeating: nil, count: count), continuation: continuation))
    }

    /// Asks whether an item is still worth computing; the request fails where none is.
    func begin() -> (isFirst: Bool, isOpen: Bool) {
        let (isFirst, isOpen) = state.withLock { state in
            defer { state.hasBegun = true }
            return (!state.hasBegun, state.continuation != nil)
        }
        guard isOpen else { return (isFirst, false) }
        do {
            try ticket.checkWorth(hasBegun: !isFirst)
        } catch {
            failed(error)
            return (isFirst, false)
        }
        return (isFirst, true)
    }

    func answered(_ number: Int, _ answer: Answer) {
        let whole = state.withLock { state -> (CheckedContinuation<[Answer], any Error>, [Answer])? in
            state.answers[number] = answer
            let answers = state.answers.compactMap(\.self)
            guard answers.count == state.answers.count, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, answers)
        }
        whole?.0.resume(returning: whole?.1 ?? [])
    }

    func failed(_ error: any Error) { take()?.resume(throwing: error) }

    /// Fails a request of which nothing has begun.
    func giveUp() {
        let isWaiting = state.withLock { !$0.hasBegun }
        if isWaiting { failed(Ticket.waitedTooLong) }
    }

    private func take() -> CheckedContinuation<[Answer], any Error>? {
        state.withLock { state in
            defer { state.continuation = nil }
            return state.continuation
        }
    }
}
