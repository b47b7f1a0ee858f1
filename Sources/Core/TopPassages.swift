/// Keeps the best `capacity` of the passages that it is offered, in a binary heap with the worst at its root.
///
/// - Complexity: `offer` is O(log capacity) and O(1) for a passage that is not good enough.
public struct TopPassages {
    public let capacity: Int
    private var heap: [ScoredPassage] = []

    public init(_ capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        heap.reserveCapacity(Swift.min(capacity, 1 << 16))
    }

    /// The score that a passage must exceed to be kept for sure; minus infinity while there is room.
    public var threshold: Float { heap.count < capacity ? -.infinity : (heap.first?.score ?? .infinity) }

    public mutating func offer(_ candidate: ScoredPassage) {
        if heap.count < capacity {
            heap.append(candidate)
            siftUp(heap.count - 1)
        } else if let worst = heap.first, candidate.precedes(worst) {
            siftDown(candidate)
        }
    }

    public func ranking() -> Ranking { Ranking(heap) }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent].precedes(heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    /// Puts `entry` in the place of the root and moves it down to where it belongs.
    private mutating func siftDown(_ entry: ScoredPassage) {
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child].precedes(heap[child + 1]) { child += 1 }
                guard entry.precedes(heap[child]) else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = entry
        }
    }
}
