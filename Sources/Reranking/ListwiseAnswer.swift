/// What a language model wrote when it was asked to order numbered passages, such as `[2] > [3] > [1]`.
struct ListwiseAnswer: Equatable {
    /// The passages from the best on, from 0, each once.
    let order: [Int]
    /// Whether the answer named every passage once and nothing else.
    let isComplete: Bool

    /// Numbers that name no passage and repetitions are dropped; passages that were not named follow in their order.
    init(_ text: String, count: Int) {
        var order: [Int] = []
        var seen = [Bool](repeating: false, count: count)
        var named = 0
        for digits in text.split(whereSeparator: { !("0"..."9").contains($0) }) {
            named += 1
            guard let number = Int(digits), 1...max(1, count) ~= number, count > 0, !seen[number - 1] else { continue }
            seen[number - 1] = true
            order.append(number - 1)
        }
        isComplete = order.count == count && named == count
        self.order = order + (0..<count).filter { !seen[$0] }
    }
}
