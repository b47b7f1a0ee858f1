import TrawlCore

extension RunComparison {
    /// The comparison as one JSON object: settings, systems with means, intervals, scores by query and records, pairs, warnings.
    public func json(_ provenance: ComparisonProvenance = ComparisonProvenance()) throws -> String {
        String(decoding: try [UInt8](json: ComparisonObject(self, provenance)), as: UTF8.self) + "\n"
    }
}

/// The keys of `RunComparison.json`.
private struct ComparisonObject: Encodable {
    struct Settings: Encodable {
        let baseline: String
        let pairs: ComparisonSettings.Pairs
        let test: SignificanceTest
        let correction: Correction
        let alpha: Double
        let confidence: Double
        let samples: Int
        let seed: UInt64
    }

    struct System: Encodable {
        let name: String
        let means: [String: Double]
        /// The lower and the upper end.
        let intervals: [String: [Double]]
        /// By position in `queries`.
        let scores: [String: [Double]]
        let precisionRecall: [Double]
        let run: RunRecord.Source?
        let record: RunRecord?

        enum CodingKeys: String, CodingKey {
            case name, means, intervals, scores, run, record
            case precisionRecall = "precision_recall"
        }
    }

    struct Pair: Encodable {
        let measure: String
        let first: String
        let second: String
        let difference: Double
        let interval: [Double]?
        let p: Double
        let correctedP: Double
        let isSignificant: Bool
        let cohensD: Double?
        let rankBiserial: Double
        let wins: Int
        let ties: Int
        let losses: Int
        let queriesNeeded: Int?

        enum CodingKeys: String, CodingKey {
            case measure, first, second, difference, interval, p, wins, ties, losses
            case correctedP = "corrected_p"
            case isSignificant = "is_significant"
            case cohensD = "cohens_d"
            case rankBiserial = "rank_biserial"
            case queriesNeeded = "queries_needed"
        }
    }

    let settings: Settings
    let measures: [String]
    let queries: [String]
    let systems: [System]
    let pairs: [Pair]
    let warnings: [String]
    let provenance: ComparisonProvenance

    init(_ comparison: RunComparison, _ provenance: ComparisonProvenance) {
        let names = comparison.measures.map(\.description)
        let options = comparison.settings
        settings = Settings(
            baseline: comparison.systems[comparison.baseline].name, pairs: options.pairs, test: options.test,
            correction: options.correction, alpha: options.alpha, confidence: options.confidence,
            samples: options.samples, seed: options.seed)
        measures = names
        queries = comparison.queries
        systems = comparison.systems.enumerated().map { number, system in
            let report = comparison.reports[number]
            func byName<Value>(_ value: (Int) -> Value?) -> [String: Value] {
                Dictionary(
                    uniqueKeysWithValues: names.indices.compactMap { column in value(column).map { (names[column], $0) }
                    })
            }
            return System(
                name: system.name, means: byName { report.means[$0] },
                intervals: byName { comparison.intervals[number][$0].map { [$0.low, $0.high] } },
                scores: byName { column in report.perQuery.map { $0[column] } },
                precisionRecall: comparison.curves[number].precision,
                run: system.source, record: system.record)
        }
        pairs = comparison.pairs.map { pair in
            Pair(
                measure: pair.measure.description, first: comparison.systems[pair.first].name,
                second: comparison.systems[pair.second].name, difference: pair.comparison.difference,
                interval: pair.interval.map { [$0.low, $0.high] }, p: pair.p, correctedP: pair.correctedP,
                isSignificant: pair.isSignificant, cohensD: pair.cohensD, rankBiserial: pair.rankBiserial,
                wins: pair.comparison.wins, ties: pair.comparison.ties, losses: pair.comparison.losses,
                queriesNeeded: pair.queriesNeeded)
        }
        warnings = comparison.warnings
        self.provenance = provenance
    }
}
