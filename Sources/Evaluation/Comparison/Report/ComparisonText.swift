import Foundation

/// The numbers and words that all forms of a comparison share.
struct ComparisonText {
    let comparison: RunComparison

    init(_ comparison: RunComparison) { self.comparison = comparison }

    private var settings: ComparisonSettings { comparison.settings }

    // MARK: Numbers

    /// Four decimals, as trec_eval has them.
    static func score(_ value: Double) -> String { String(format: "%.4f", value) }

    /// With its sign; a minus, not a hyphen.
    static func difference(_ value: Double, digits: Int = 4) -> String {
        let text = String(format: "%.\(digits)f", abs(value))
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return (isZero ? "" : value < 0 ? "−" : "+") + text
    }

    static func p(_ value: Double) -> String { value < 0.0001 ? "<0.0001" : String(format: "%.4f", value) }

    static func interval(_ interval: ConfidenceInterval?) -> String {
        interval.map { String(format: "%.3f–%.3f", $0.low, $0.high) } ?? "–"
    }

    static func differenceInterval(_ interval: ConfidenceInterval?) -> String {
        interval.map { "\(difference($0.low, digits: 3)) to \(difference($0.high, digits: 3))" } ?? "–"
    }

    static func effect(_ value: Double?) -> String { value.map { difference($0, digits: 2) } ?? "–" }

    static func winTieLoss(_ comparison: Comparison) -> String {
        "\(comparison.wins)/\(comparison.ties)/\(comparison.losses)"
    }

    static func queriesNeeded(_ pair: SystemPair) -> String { pair.queriesNeeded.map(grouped) ?? "–" }

    /// `12,345`.
    static func grouped(_ number: Int) -> String {
        var text = String(number)
        var position = text.count - 3
        while position > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: position))
            position -= 3
        }
        return text
    }

    /// 0.95 as `95`.
    static func percent(_ share: Double) -> String {
        let text = String(format: "%.4f", share * 100)
        return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }

    // MARK: Significance

    /// Whether marks are letters of other systems, and not arrows for the baseline.
    var marksByLetters: Bool { settings.pairs == .all && comparison.systems.count > 2 }

    /// The label of a system in marks: a to z, then numbers.
    func label(_ system: Int) -> String {
        comparison.systems.count <= Self.letters.count ? String(Self.letters[system]) : String(system + 1)
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyz")

    /// The mark of a cell: the labels of the systems that it beats significantly, or an arrow for its difference from the
    /// baseline.
    func mark(_ system: Int, _ measure: Measure) -> String {
        let pairs = comparison.pairs(measure).filter {
            $0.isSignificant && ($0.first == system || $0.second == system)
        }
        if marksByLetters {
            let beaten = pairs.compactMap { pair -> Int? in
                let other = pair.first == system ? pair.second : pair.first
                let gain = pair.second == system ? pair.comparison.difference : -pair.comparison.difference
                return gain > 0 ? other : nil
            }
            return beaten.sorted().map(label).joined(separator: comparison.systems.count > 26 ? "," : "")
        }
        guard let pair = pairs.first(where: { $0.second == system }) else { return "" }
        return pair.comparison.difference > 0 ? "↑" : "↓"
    }

    var hasMarks: Bool { comparison.pairs.contains(where: \.isSignificant) }

    // MARK: Words

    var testName: String {
        switch settings.test {
        case .t: "paired t-test"
        case .wilcoxon: "Wilcoxon signed-rank test"
        case .randomisation: "randomisation test"
        }
    }

    var correctionName: String? {
        switch settings.correction {
        case .holm: "Holm"
        case .bonferroni: "Bonferroni"
        case .bh: "Benjamini–Hochberg"
        case .none: nil
        }
    }

    /// What the table of means shows.
    var meansNote: String {
        let count = comparison.queries.count
        return "Means over \(Self.grouped(count)) judged queries with \(Self.percent(settings.confidence))% bootstrap "
            + "intervals (BCa, \(Self.grouped(settings.samples)) samples)." + note(on: .sum, "Sums")
            + note(on: .geometricMean, "Geometric means")
    }

    /// What its marks mean; nil without pairs.
    var marksNote: String? {
        guard !comparison.pairs.isEmpty else { return nil }
        let test = "\(testName), two-sided, \(correctionNote), p ≤ \(Self.short(settings.alpha))"
        if marksByLetters { return "Letters name the systems that a system is significantly better than (\(test))." }
        let baseline = comparison.systems[comparison.baseline].name
        return "↑ and ↓: significantly better and worse than \(baseline) (\(test))."
    }

    private var correctionNote: String {
        correctionName.map { "\($0) correction over the pairs under one measure" } ?? "not corrected"
    }

    /// What the columns of the table of pairs mean.
    var pairsNote: String {
        "Differences of means (second less first) with \(Self.percent(settings.confidence))% bootstrap intervals; "
            + "p of the \(testName), two-sided\(samplesNote); d: Cohen's d of the paired differences; r: matched-pairs rank "
            + "biserial correlation; queries needed: for a paired t-test to find an effect of the size d with a chance of "
            + "80% at p ≤ 0.05."
            + note(on: .geometricMean, "Geometric means, percentile intervals, tests of logarithms")
    }

    /// Which measures, if any, are aggregated otherwise than by their mean.
    private func note(on aggregation: Measure.Aggregation, _ words: String) -> String {
        let names = comparison.measures.filter { $0.aggregation == aggregation }.map(\.description)
        return names.isEmpty ? "" : " \(words): \(names.joined(separator: ", "))."
    }

    private var samplesNote: String {
        settings.test == .randomisation
            ? " (\(Self.grouped(settings.samples)) samples where more than 20 queries differ)" : ""
    }

    var pairHeader: [String] {
        ["difference", "\(Self.percent(settings.confidence))% interval", "p"]
            + (correctionName.map { ["p (\($0))"] } ?? []) + ["d", "r", "win/tie/loss", "queries needed"]
    }

    /// The cells of a pair, as `pairHeader` names them.
    func cells(_ pair: SystemPair) -> [String] {
        [Self.difference(pair.comparison.difference), Self.differenceInterval(pair.interval), Self.p(pair.p)]
            + (correctionName == nil ? [] : [Self.p(pair.correctedP)])
            + [
                Self.effect(pair.cohensD), Self.effect(pair.rankBiserial), Self.winTieLoss(pair.comparison),
                Self.queriesNeeded(pair),
            ]
    }

    var costs: CostColumns { CostColumns(comparison.systems.map(\.cost)) }

    static let costNote =
        "Cost is that of the records beside the runs: time per query (median and 95th percentile), peak memory of the process, "
        + "size of the index."

    /// What stands below the table of means.
    var notes: [String] {
        [meansNote, marksNote, costs.header.isEmpty ? nil : Self.costNote].compactMap { $0 }
    }

    static func short(_ value: Double) -> String { String(format: "%g", value) }
}
