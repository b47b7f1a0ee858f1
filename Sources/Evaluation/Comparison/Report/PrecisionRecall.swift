public import TrawlCore

/// The interpolated precision-recall curve of a run: at each of eleven levels of recall, the greatest precision at that
/// recall or a higher one, averaged over all judged queries (trec_eval's `iprec_at_recall`).
public struct PrecisionRecall: Sendable, Equatable {
    public static let levels = (0...10).map { Double($0) / 10 }
    /// By position in `levels`.
    public let precision: [Double]

    /// - Throws: `TrawlError.invalidInput` if the qrels judge no query.
    public init(of run: Run, against qrels: Qrels) throws(TrawlError) {
        let measures = try Measure.list(Self.levels.map { "IPrec@\($0)" }.joined(separator: ","))
        precision = try Report(of: run, against: qrels, measures).means
    }
}
