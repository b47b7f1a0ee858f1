internal import TrawlCore

/// The size of low-rank adapters.
public struct LowRankSettings: Codable, Sendable, Equatable {
    /// The rows of A, the columns of B.
    public var rank = 16
    /// B A is multiplied with alpha / rank.
    public var alpha: Float = 32

    public init() {}
}

extension LowRankAdapter {
    /// The adapter of a matrix `[rows, columns]`: with these values, or else one that changes nothing yet: A as peft draws it,
    /// uniformly within 1 / sqrt(columns), and B = 0.
    init(
        _ settings: LowRankSettings, names: (down: String, up: String), rows: Int, columns: Int,
        values: (down: [Float], up: [Float])? = nil, using random: inout SplitMix64
    ) {
        let rank = settings.rank
        let bound = 1 / Float(columns).squareRoot()
        let drawn =
            values?.down
            ?? (0..<rank * columns).map { _ in
                bound * (Float(random.next() >> 40) / Float(1 << 23) - 1)
            }
        func parameter(_ name: String, _ rows: Int, _ columns: Int, _ values: [Float]) -> Parameter {
            Parameter(name: name, rows: rows, columns: columns, isVector: false, rateFactor: 1, values: values)
        }
        self.init(
            down: parameter(names.down, rank, columns, drawn),
            up: parameter(names.up, rows, rank, values?.up ?? [Float](repeating: 0, count: rows * rank)),
            scale: settings.alpha / Float(rank))
    }
}
