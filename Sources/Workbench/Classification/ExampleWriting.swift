import TrawlClassification
import TrawlCore
import TrawlEngine
import TrawlGeneration
public import TrawlTensors

/// Writes texts that labels might have, by a language model that reads a label's description and some of its examples.
public struct ExampleWriting: Sendable {
    /// The most texts of a label.
    public var perLabel = 10
    /// The language model that writes: a decoder's name or path.
    public var writer = ModelCatalogue.defaultLanguageModel
    public var precision = Precision.f32

    public init() {}

    /// Texts, the numbers of their labels, and the examples that the model was shown for each.
    struct Written {
        var texts: [String] = []
        var targets: [Int] = []
        var shown: [[Int]] = []
    }

    /// The most examples that are shown for a text.
    private static let shots = 3
    /// Longer examples are cut.
    private static let shotWords = 60
    /// The texts that are written at once: bounds the memory.
    private static let batch = 16

    /// - Parameters:
    ///   - descriptions: Of each label.
    ///   - examples: Texts of labels.
    ///   - targets: The numbers of their labels.
    /// - Throws: `TrawlError` for a model that cannot write, or one that writes nothing.
    func run(
        _ descriptions: [String], _ examples: [String], targets: [Int], _ engine: Engine,
        progress: any ProgressReporter
    ) throws -> Written {
        let model = try WritingModel(writer, precision: precision, engine.models)
        var sampling = LineWriter.Sampling()
        sampling.maximumTokens = 64
        let lines = try LineWriter(
            session: model.session, isEnd: model.isEnd, sampling: sampling, decode: model.decode)
        let shots = examples.map {
            $0.split(whereSeparator: \.isWhitespace).prefix(Self.shotWords).joined(separator: " ")
        }
        let drafts = drafts(targets, labels: descriptions.count)
        var written = Written()
        var known = Set(shots.map { $0.lowercased() })
        progress.begin("writing examples", total: drafts.count, unit: "texts")
        defer { progress.end() }
        for start in stride(from: 0, to: drafts.count, by: Self.batch) {
            let part = start..<min(start + Self.batch, drafts.count)
            let prompts = try part.map { number in
                let prompt = Self.prompt(descriptions[drafts[number].label], drafts[number].shown.map { shots[$0] })
                let tokens = model.start + model.encode(prompt)
                guard tokens.count <= lines.longestPrompt else {
                    throw TrawlError(
                        .invalidInput,
                        "the description and examples of a label have \(tokens.count) tokens; the model \(writer) reads "
                            + "\(lines.longestPrompt)",
                        remedy: "shorten the description, or take another model")
                }
                return (number: number, tokens: tokens)
            }
            for (number, found) in zip(part, try lines.write(prompts, count: 1)) {
                // The same again teaches nothing.
                guard let text = found.first, known.insert(text.lowercased()).inserted else { continue }
                written.texts.append(text)
                written.targets.append(drafts[number].label)
                written.shown.append(drafts[number].shown)
            }
            progress.advance(part.count)
        }
        guard !written.texts.isEmpty else {
            throw TrawlError(
                .invalidInput, "the model \(writer) wrote no text that is not among the examples",
                remedy: "take another model, or let no examples be written")
        }
        return written
    }

    /// For each text that shall be written its label and the examples to show. One example of the label is not shown, unless it is the only
    /// one, so that some texts remain when an example is held out.
    private func drafts(_ targets: [Int], labels: Int) -> [(label: Int, shown: [Int])] {
        var own = [[Int]](repeating: [], count: labels)
        for (row, target) in targets.enumerated() { own[target].append(row) }
        return own.enumerated().flatMap { label, rows in
            var random = SplitMix64(seed: UInt64(label))
            let count = min(Self.shots, max(rows.count - 1, min(rows.count, 1)))
            return (0..<perLabel).map { _ in
                var rows = rows
                rows.shuffle(using: &random)
                return (label, Array(rows.prefix(count)))
            }
        }
    }

    /// A list that is to be continued.
    private static func prompt(_ description: String, _ shots: [String]) -> String {
        let head = "Texts about \"\(description)\", one per line:\n"
        return head + shots.map { "- \($0)\n" }.joined() + "-"
    }
}
