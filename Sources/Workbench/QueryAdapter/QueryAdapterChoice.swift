/// How strongly an adapter moves queries, and what it remembers.
struct QueryAdapterChoice: Equatable {
    /// The share of the fitted map.
    let strength: Float
    let memory: Memory?

    struct Memory: Equatable {
        let weight: Float
        let threshold: Float
    }

    /// What is tried, that which changes least first.
    static let all: [QueryAdapterChoice] = [0, 0.5, 1].flatMap { strength in
        memories.map { QueryAdapterChoice(strength: strength, memory: $0) }
    }
    static let memories: [Memory?] = [
        nil, Memory(weight: 1, threshold: 0.7), Memory(weight: 1, threshold: 0.6), Memory(weight: 1, threshold: 0.5),
        Memory(weight: 2, threshold: 0.7), Memory(weight: 2, threshold: 0.6),
    ]
    static let strengths = all.map(\.strength).reduce(into: [Float]()) { if $0.last != $1 { $0.append($1) } }
}
