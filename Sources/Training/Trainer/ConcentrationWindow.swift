internal import TrawlCore

/// A window over examples in the order of their angle concentration, the most concentrated first, which moves on as the model learns
/// (GAIN-RL: Wang et al. 2025, arXiv 2506.02281).
///
/// An epoch draws its examples without replacement with probabilities proportional to exp(-(rank - centre)^2 / (2 width^2)). After it
/// the centre moves by the share of its examples that the model solved and by their concentration. The paper's width is 1000 ranks, its
/// step 500; here they are 10% and 5% of the examples, and an epoch has 10% of them. Past the last rank the window begins again, so that
/// no example is left out for good.
struct ConcentrationWindow: Sendable {
    /// Where the window is, which a checkpoint keeps.
    struct State: Codable, Sendable, Equatable {
        /// The rank in its middle.
        var centre = 0.0
        var epoch = 0
        /// Of the current epoch.
        var steps = 0
        var drawn = 0
        var solved = 0
        /// The sum over the examples drawn.
        var concentration = 0.0
    }

    private static let width = 0.1
    private static let step = 0.05

    var state = State()
    /// How many examples a step draws.
    let draws: Int
    private let concentrations: [Double]
    private let mostConcentratedFirst: [Int]
    private let stepsPerEpoch: Int

    /// - Parameters:
    ///   - concentrations: One per example, at least one.
    ///   - draws: How many examples a step draws, if there are as many.
    init(_ concentrations: [Double], draws: Int) {
        precondition(!concentrations.isEmpty && draws > 0)
        self.concentrations = concentrations
        mostConcentratedFirst = concentrations.indices.sorted {
            concentrations[$0] != concentrations[$1] ? concentrations[$0] > concentrations[$1] : $0 < $1
        }
        self.draws = min(draws, concentrations.count)
        let count = Double(concentrations.count)
        stepsPerEpoch = max(
            1, min(Int((Self.width * count / Double(draws)).rounded()), concentrations.count / self.draws))
    }

    /// Whether a state can be one of this window.
    func isValid(_ state: State) -> Bool {
        (0..<Double(concentrations.count)).contains(state.centre) && state.epoch >= 0
            && (0..<stepsPerEpoch).contains(state.steps) && state.drawn >= state.solved && state.solved >= 0
            && state.concentration.isFinite
    }

    /// The examples of the next step: a function of the state and the seed.
    func examples(seed: UInt64) -> [Int] {
        let count = concentrations.count
        var random = SplitMix64(seed: seed &+ UInt64(state.epoch) &* 0x9E37_79B9_7F4A_7C15)
        let ranks = Self.ranks(
            stepsPerEpoch * draws, of: count, centre: state.centre, width: Self.width * Double(count), using: &random)
        return ranks[state.steps * draws..<(state.steps + 1) * draws].map { mostConcentratedFirst[$0] }
    }

    /// Draws ranks without replacement: those of the highest sums of a logarithm of the probability and a Gumbel variable.
    static func ranks(
        _ draws: Int, of count: Int, centre: Double, width: Double, using random: inout SplitMix64
    ) -> [Int] {
        let keys = (0..<count).map { rank in
            let distance = (Double(rank) - centre) / width
            return -distance * distance / 2 - logarithm(-logarithm(max(random.nextShare(), 1e-300)))
        }
        return Array(keys.indices.sorted { keys[$0] != keys[$1] ? keys[$0] > keys[$1] : $0 < $1 }.prefix(draws))
    }

    /// Takes note of a step's examples and how many of them the model solved, and moves the window at the end of an epoch.
    mutating func record(_ examples: [Int], solved: Int) {
        state.steps += 1
        state.drawn += examples.count
        state.solved += solved
        state.concentration += examples.reduce(0) { $0 + concentrations[$1] }
        guard state.steps == stepsPerEpoch, state.drawn > 0 else { return }
        let move = Self.move(
            solved: Double(state.solved) / Double(state.drawn),
            concentration: state.concentration / Double(state.drawn),
            step: Self.step * Double(concentrations.count))
        let centre = state.centre + move
        state = State(centre: centre > Double(concentrations.count - 1) ? 0 : centre, epoch: state.epoch + 1)
    }

    /// By how many ranks the window moves, from 0 to twice the step.
    ///
    /// - Parameters:
    ///   - solved: The share of the examples that the model solved.
    ///   - concentration: Their mean concentration.
    static func move(solved: Double, concentration: Double, step: Double) -> Double {
        let wanted = step * hyperbolicTangent(2 * (solved - 0.5)) + step * hyperbolicTangent(2 * concentration)
        return min(max(wanted, 0), 2 * step)
    }
}
