import Synchronization

/// Computes requests of one kind together: those that arrive while a batch is computed make up the next one. A request that
/// comes alone does not wait.
final class BatchQueue<Key: Hashable & Sendable, Item: Sendable, Answer: Sendable>: Sendable {
    private struct Waiting: Sendable {
        let item: Item
        let cost: Int
        let ticket: Ticket
        let continuation: CheckedContinuation<Answer, any Error>
    }

    private let work: WorkQueue
    private let maximumCost: Int
    private let metrics: ServerMetrics
    private let name: String
    private let compute: @Sendable (Key, [Item]) throws -> [Answer]
    /// What waits, by what can be computed together. A key is there as long as a batch of it is planned or computed.
    private let waiting = Mutex<[Key: [Waiting]]>([:])

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
        try work.admit()
        return try await withCheckedThrowingContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                let entry = Waiting(item: item, cost: cost, ticket: ticket, continuation: continuation)
                guard waiting[key] == nil else {
                    waiting[key]?.append(entry)
                    return false
                }
                waiting[key] = [entry]
                return true
            }
            if isFirst { work.enqueue { self.computeNext(key) } }
        }
    }

    private func computeNext(_ key: Key) {
        var batch: [Waiting] = []
        var lost: [Waiting] = []
        let next = waiting.withLock { waiting in
            guard var queue = waiting[key] else { return [Waiting]() }
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
        for entry in next {
            work.leave()
            do {
                try WorkQueue.checkWorth(entry.ticket)
                batch.append(entry)
            } catch {
                lost.append(entry)
                entry.continuation.resume(throwing: error)
            }
        }
        if !batch.isEmpty { compute(key, batch) }
        metrics.batch(name, answered: batch.count, dropped: lost.count)
        // Others of this key go to the end of the queue, so that no kind of request waits for all of another.
        let goesOn = waiting.withLock { waiting in
            if waiting[key]?.isEmpty == false { return true }
            waiting[key] = nil
            return false
        }
        if goesOn { work.enqueue { self.computeNext(key) } }
    }

    private func compute(_ key: Key, _ batch: [Waiting]) {
        do {
            let answers = try compute(key, batch.map(\.item))
            for (entry, answer) in zip(batch, answers) { entry.continuation.resume(returning: answer) }
        } catch {
            guard batch.count > 1 else { return batch[0].continuation.resume(throwing: error) }
            // One that cannot be answered must not spoil the others.
            for entry in batch {
                entry.continuation.resume(with: Result { try compute(key, [entry.item])[0] })
            }
        }
    }
}
