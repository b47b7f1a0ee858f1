import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlSenses
import TrawlWorkbench

struct TrainSensesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "senses",
        abstract: "Learn the senses of words from the documents of an index.",
        discussion: """
            Learns from raw text, without a dictionary and without labels (Disambiguated Skip-gram): which words occur \
            near a word in each of its senses. 'trawl senses' lists the senses of a word, and 'trawl query --sense' \
            searches for one.

            The senses are stored in the index. When documents change they stay, and 'trawl senses' says that they are \
            older; --force learns them again. It takes a minute for a million words, on one core. The same seed gives \
            the same senses.

            EXAMPLES
              trawl train senses scifact
              trawl senses scifact culture
              trawl query scifact "culture of stem cells" --sense culture#1
            """)

    @OptionGroup var index: IndexArgument

    @Option(help: ArgumentHelp("The most senses of a word.", valueName: "n")) var senses = 3
    @Option(help: ArgumentHelp("The dimensions of the vectors, a multiple of 16.", valueName: "n")) var dimensions = 64
    @Option(
        help: ArgumentHelp("How many words before and after an occurrence are its context.", valueName: "n"))
    var window = 5
    @Option(help: ArgumentHelp("The fewest occurrences of a word that is learnt.", valueName: "n"))
    var minimumCount = 20
    @Option(help: ArgumentHelp("The passes over the text.", valueName: "n")) var rounds = 3
    @Option(
        help: ArgumentHelp("The most words of text to learn from, of documents at equal distances.", valueName: "n"))
    var limit = 5_000_000
    @Option(help: ArgumentHelp("The highest learning rate.", valueName: "rate")) var learningRate: Float = 0.25
    @Option(help: ArgumentHelp("The seed of the random numbers.", valueName: "n")) var seed: UInt64 = 1
    @Flag(help: "Replace senses that were learnt before.") var force = false
    @Flag(help: "Print the report as JSON.") var json = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        for (name, value, most) in [
            ("senses", senses, 16), ("window", window, 100), ("minimum-count", minimumCount, 1_000_000),
            ("rounds", rounds, 1000), ("limit", limit, 100_000_000),
        ] where !(1...most ~= value) {
            throw ValidationError("--\(name) must be from 1 to \(most)")
        }
        if !(16...1024 ~= dimensions) || dimensions % 16 != 0 {
            throw ValidationError("--dimensions must be a multiple of 16 from 16 to 1024")
        }
        if !(learningRate > 0 && learningRate <= 1) {
            throw ValidationError("--learning-rate must be above 0 and at most 1")
        }
    }

    func run() async throws {
        let engine = Engine()
        let index = try self.index.open(engine)
        try OutputFolder.check(index.path)
        if !force, try index.hasSenses() {
            throw TrawlError(
                .invalidInput, "senses were learnt before", path: index.path, remedy: "keep them", topic: .replacement)
        }
        var learning = SenseLearning()
        (learning.minimumCount, learning.limit) = (minimumCount, limit)
        (learning.training.senses, learning.training.dimensions) = (senses, dimensions)
        (learning.training.window, learning.training.passes) = (window, rounds)
        (learning.training.learningRate, learning.training.seed) = (learningRate, seed)
        Interruption.await()
        let (learnt, report) = try learning.run(
            index, progress: progress.reporter, cancellation: Interruption.cancellation)
        Interruption.release()
        try engine.setSenses(learnt, of: index.path)
        if json { return try Output.json(report) }
        Output.line(
            "\(grouped(report.words)) words, \(grouped(report.ambiguousWords)) of them with several senses, learnt from "
                + "\(grouped(report.tokens)) words of \(grouped(report.documents)) documents; stored in \(index.path.visibleLine)"
        )
    }
}
