import TrawlCore

/// A beam continued by one token.
struct Candidate: Equatable {
    /// The sum of log-probabilities up to and with `token`.
    let score: Double
    let token: TokenID
    let beam: Int32

    /// By score, descending; ties by token, then by beam, ascending.
    @inline(__always)
    func precedes(_ other: Candidate) -> Bool {
        if score != other.score { return score > other.score }
        return token != other.token ? token < other.token : beam < other.beam
    }
}

/// Keeps the best `capacity` candidates of a step, the worst at the root of a binary heap.
struct CandidateHeap {
    let capacity: Int
    private var heap: [Candidate] = []

    init(capacity: Int) {
        self.capacity = capacity
        heap.reserveCapacity(capacity)
    }

    /// The score below which no candidate can enter; minus infinity while there is room.
    var threshold: Double { heap.count < capacity ? -.infinity : heap[0].score }

    func admits(_ candidate: Candidate) -> Bool { heap.count < capacity || candidate.precedes(heap[0]) }

    /// Takes a candidate that it admits.
    mutating func insert(_ candidate: Candidate) {
        if heap.count < capacity {
            heap.append(candidate)
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard heap[parent].precedes(heap[child]) else { return }
                heap.swapAt(parent, child)
                child = parent
            }
        } else {
            heap[0] = candidate
            var parent = 0
            while true {
                var worst = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[worst].precedes(heap[child]) { worst = child }
                }
                if worst == parent { return }
                heap.swapAt(parent, worst)
                parent = worst
            }
        }
    }

    /// The kept candidates, best first.
    func sorted() -> [Candidate] { heap.sorted { $0.precedes($1) } }
}
