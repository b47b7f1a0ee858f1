import Foundation
public import TrawlCore

/// A measure of retrieval quality, named as in ir_measures: `nDCG@10`, `AP(rel=2)@100`, `RR`.
///
/// Values are those of ir_measures with its default providers, and so are the orders in which these rank documents with
/// equal scores; see docs/measures.md.
public struct Measure: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, CaseIterable, Sendable {
        case nDCG
        case averagePrecision = "AP"
        case reciprocalRank = "RR"
        case recall = "R"
        case precision = "P"
        case rPrecision = "Rprec"
        case success = "Success"
        case judged = "Judged"
        case binaryPreference = "Bpref"
        case rankBiasedPrecision = "RBP"
        case expectedReciprocalRank = "ERR"
        case inferredAveragePrecision = "infAP"
        case interpolatedPrecision = "IPrec"
        case setPrecision = "SetP"
        case setRecall = "SetR"
        case setF = "SetF"
        case setAveragePrecision = "SetAP"
        case queries = "NumQ"
        case retrieved = "NumRet"
        case relevant = "NumRel"
        case relevantRetrieved = "NumRelRet"
        case scaledDiscountedGain = "SDCG"
        case bejeweledPlayer = "BPM"
        case inst = "INST"
        case insq = "INSQ"
        case nearlyERR8 = "NERR8"
        case nearlyERR9 = "NERR9"
        case nearlyERR10 = "NERR10"
        case nearlyERR11 = "NERR11"
        case accuracy = "Accuracy"
        case compatibility = "Compat"
        // Those that only trec_eval has.
        case geometricAveragePrecision = "gm_map"
        case geometricPreference = "gm_bpref"
        case elevenPointAverage = "11pt_avg"
        case relativePrecision = "relative_P"
        case binaryGain = "binG"
        case judgedIrrelevantRetrieved = "num_nonrel_judged_ret"
    }

    /// What some measures take beside a cutoff and a level of relevance. The names are those of ir_measures.
    public struct Parameters: Hashable, Sendable {
        /// `judged_only`: documents without judgement are taken out of the ranking first.
        public var judgedOnly = false
        /// `dcg='exp-log2'`: the gain of a grade is 2^grade - 1.
        public var exponentialGain = false
        /// `gains`: what counts in place of a grade; other grades count as they are.
        public var gains: [Int: Int] = [:]
        /// `recall`, from 0 to 1.
        public var recall: Double?
        /// `beta`: how much recall weighs against precision. As in trec_eval it is not squared.
        public var beta = 1.0
        /// `relative`: as a share of the highest precision that this number of documents can have.
        public var relative = false
        /// `p`: the chance that the user reads the next rank; nil for the measure's own default.
        public var continuation: Double?
        /// `T`: the gain that the user is after, in documents of the highest grade.
        public var target = 1.0
        /// `min_rel`, `max_rel`: the grades without any gain and with the full gain of 1.
        public var minimumGrade = 0
        public var maximumGrade: Int?
        /// `normalize`: by the overlap of the ideal ranking with itself.
        public var normalises = true

        public init() {}
    }

    /// How the values of all queries become one.
    public enum Aggregation: Sendable {
        case mean, sum
        /// e to the power of the mean. The values of the queries are logarithms.
        case geometricMean

        /// The value of all queries, from the mean of theirs.
        func value(ofMean mean: Double, queries: Int) -> Double {
            switch self {
            case .mean: mean
            case .sum: mean * Double(queries)
            case .geometricMean: exp(mean)
            }
        }
    }

    public let kind: Kind
    /// How many ranks count, nil for all.
    public let cutoff: Int?
    /// The smallest grade that counts as relevant.
    public let relevanceLevel: Int
    public let parameters: Parameters

    /// gdeval's: `ERR` takes it for the grade of a perfect document.
    static let highestGradeOfERR = 4

    /// The highest grade whose gain is 2^grade - 1: sums of such gains stay finite.
    static let highestExponent = 1000

    /// - Throws: `invalidInput` for a cutoff or level below 1, for a parameter out of its range, and for one that the kind
    ///   does not take or lacks.
    public init(
        _ kind: Kind, cutoff: Int? = nil, relevanceLevel: Int = 1, parameters: Parameters = Parameters()
    ) throws(TrawlError) {
        self.kind = kind
        self.cutoff = cutoff
        self.relevanceLevel = relevanceLevel
        self.parameters = parameters
        try check()
    }

    public var aggregation: Aggregation {
        switch kind {
        case .queries, .retrieved, .relevant, .relevantRetrieved, .judgedIrrelevantRetrieved: .sum
        case .geometricAveragePrecision, .geometricPreference: .geometricMean
        default: .mean
        }
    }

    /// The order of documents that the measure looks at.
    var order: RankingOrder {
        switch kind {
        case .judged, .compatibility: .smallerNameFirst
        case .reciprocalRank: cutoff == nil ? .trecEval : .smallerNameFirst
        case .nDCG: parameters.exponentialGain ? .greaterNameFirst : .trecEval
        case .expectedReciprocalRank: .greaterNameFirst
        case .rankBiasedPrecision, .scaledDiscountedGain, .bejeweledPlayer, .inst, .insq, .nearlyERR8, .nearlyERR9,
            .nearlyERR10, .nearlyERR11, .accuracy:
            .given
        default: .trecEval
        }
    }
}
