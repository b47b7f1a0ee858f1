public import TrawlCore

/// Learns the senses of words from text by Disambiguated Skip-gram (Grzegorczyk and Kurdziel, EMNLP 2018, doi
/// 10.18653/v1/D18-1174).
///
/// The first pass has one gate for all words, and a bonus on the entropy of senses keeps them apart from collapsing. Then every word has a
/// gate of its own, which starts from the shared one, and senses are drawn by the Gumbel softmax. One thread does all, so that
/// the same seed gives the same bits.
public struct SenseTraining: Sendable {
    /// The dimensions of vectors, a multiple of 16.
    public var dimensions = 64
    /// The most senses of a word.
    public var senses = 3
    /// How many words before and after an occurrence are its context.
    public var window = 5
    /// The passes over the text after the first, which learns the shared gate.
    public var passes = 3
    /// The sampled words of an occurrence.
    public var sampledWords = 64
    /// The highest learning rate, of the mean loss of an occurrence's neighbours.
    public var learningRate: Float = 0.25
    public var seed: UInt64 = 1

    /// The learning rate of gates in terms of the others'.
    static let gateRate: Float = 1
    static let entropyWeight: Float = 0.1
    /// The Gumbel softmax's temperature falls from 1 to this in its first pass.
    static let lowestTemperature: Float = 0.5
    /// A sense that fewer occurrences have is not counted as one.
    static let leastShare: Float = 0.05

    public init() {}

    /// How many words are read between two reports of progress.
    private static let wordsPerReport = 10_000

    /// - Throws: `TrawlError.invalidInput` for a text without words that are frequent enough, or settings out of bounds;
    ///   `CancellationError` when it was cancelled.
    /// - Complexity: O(words x passes x dimensions x (window + sampled words)): about 10 µs for a word and a pass.
    public func model(
        of text: SenseText, progress: any ProgressReporter = .silent, cancellation: Cancellation = .never
    ) throws -> SenseModel {
        guard dimensions > 0, dimensions % 16 == 0, dimensions <= 1024, 1...16 ~= senses, 1...100 ~= window,
            1...1000 ~= passes, 1...10_000 ~= sampledWords, learningRate > 0, learningRate <= 1
        else {
            throw TrawlError(
                .invalidInput, "the settings of the training are out of bounds",
                remedy: "use 16 to 1024 dimensions in steps of 16, 1 to 16 senses, and a learning rate of at most 1")
        }
        guard text.words.count > 1 else {
            throw TrawlError(
                .invalidInput, "the documents have too few words that occur often enough to learn senses from",
                remedy: "index more documents, or count rarer words")
        }
        var random = SplitMix64(seed: seed)
        let noise = SenseNoise(count: text.words.count)
        let network = SenseNetwork(
            wordCount: text.words.count, senseCount: senses, dimension: dimensions, noise: noise, &random)
        progress.begin("learning senses", total: text.tokenCount * (passes + 1), unit: "words")
        defer { progress.end() }
        for pass in 0...passes {
            if pass == 1 { network.separateGates() }
            try run(pass, text, network, noise, &random, progress, cancellation)
        }
        return SenseModel(network, text, window: window)
    }

    /// One pass over all texts, in an order of its own.
    private func run(
        _ pass: Int, _ text: SenseText, _ network: SenseNetwork, _ noise: SenseNoise, _ random: inout SplitMix64,
        _ progress: any ProgressReporter, _ cancellation: Cancellation
    ) throws {
        var order = Array(text.texts.indices)
        random.shuffle(&order)
        var context: [Int32] = []
        var sampled = [Int32](repeating: 0, count: sampledWords)
        var relaxation = SenseNetwork.Relaxation()
        if pass == 0 {
            relaxation.entropyWeight = Self.entropyWeight
        } else {
            relaxation.noise = [Float](repeating: 0, count: senses)
        }
        var (done, unreported, loss, predicted) = (0, 0, 0.0, 0)
        for number in order {
            if cancellation.isCancelled { throw CancellationError() }
            for position in text.texts[number] {
                let share = Float(done) / Float(text.tokenCount)
                done += 1
                text.tokens.withUnsafeBufferPointer {
                    SenseWindow.fill(
                        &context, around: position, in: $0, text: text.texts[number], size: window)
                }
                if context.isEmpty { continue }
                for index in sampled.indices { sampled[index] = noise.draw(&random) }
                if pass > 0 {
                    for sense in 0..<senses { relaxation.noise[sense] = random.nextGumbel() }
                    relaxation.temperature =
                        pass == 1 ? 1 - (1 - Self.lowestTemperature) * share : Self.lowestTemperature
                }
                let word = text.tokens[position]
                let rate = learningRate * self.share(ofRate: pass, share)
                network.read(context: context)
                loss += Double(network.loss(of: word, neighbours: context, sampled: sampled, relaxation))
                predicted += 1
                network.update(
                    word, neighbours: context, sampled: sampled, rate: rate, gateRate: rate * Self.gateRate)
            }
            unreported += text.texts[number].count
            if unreported >= Self.wordsPerReport {
                progress.advance(unreported)
                unreported = 0
            }
        }
        progress.advance(unreported)
        guard loss.isFinite else {
            throw TrawlError(
                .invalidInput, "the training diverged: the loss is not a number", remedy: "lower the learning rate")
        }
        progress.note("pass \(pass + 1) of \(passes + 1): loss \(loss / Double(max(1, predicted)))")
    }

    /// The learning rate of a pass in terms of the highest, after `share` of it: the first falls to nothing, those of the others are 1,
    /// 1/2, and then 1/10.
    private func share(ofRate pass: Int, _ share: Float) -> Float {
        switch pass {
        case 0: 1 - share
        case 1: 1
        case 2: 0.5
        default: 0.1
        }
    }
}
