public import TrawlCore

/// A measure of retrieval quality, named as in ir_measures: `nDCG@10`, `AP(rel=2)@100`, `RR`.
///
/// Values are those of ir_measures with its default providers. Ties of score are broken as there: pytrec_eval (all
/// measures but the next two) rounds scores to 32 bits and puts the greater document name first; `RR@k` and `Judged`
/// compare 64-bit scores and put the smaller name first.
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

        var takesCutoff: Bool { self != .rPrecision && self != .binaryPreference }
        var needsCutoff: Bool { self == .recall || self == .precision || self == .success }
        /// nDCG works on grades and `Judged` on their existence.
        var takesRelevanceLevel: Bool { self != .nDCG && self != .judged }
    }

    public let kind: Kind
    /// How many ranks count, nil for all.
    public let cutoff: Int?
    /// The smallest grade that counts as relevant.
    public let relevanceLevel: Int

    /// - Throws: `invalidInput` for a cutoff or level below 1, or one that the kind does not take or lacks.
    public init(_ kind: Kind, cutoff: Int? = nil, relevanceLevel: Int = 1) throws(TrawlError) {
        let name = kind.rawValue
        if let cutoff {
            guard kind.takesCutoff else { throw Self.error("\(name) takes no cutoff", remedy: "write \(name)") }
            guard cutoff > 0 else { throw Self.error("the cutoff of \(name)@\(cutoff) is not positive") }
        } else if kind.needsCutoff {
            throw Self.error("\(name) needs a cutoff", remedy: "write \(name)@10")
        }
        guard relevanceLevel == 1 || kind.takesRelevanceLevel else {
            throw Self.error("\(name) takes no relevance level", remedy: "write \(name)")
        }
        guard relevanceLevel > 0 else { throw Self.error("the relevance level \(relevanceLevel) is not positive") }
        self.kind = kind
        self.cutoff = cutoff
        self.relevanceLevel = relevanceLevel
    }

    /// The name in ir_measures, such as `AP(rel=2)@100`.
    public var description: String {
        let level = relevanceLevel == 1 ? "" : "(rel=\(relevanceLevel))"
        return kind.rawValue + level + (cutoff.map { "@\($0)" } ?? "")
    }

    /// Parses a name of ir_measures (`nDCG@10`, `AP(rel=2)@100`, `MRR`) or of trec_eval (`ndcg_cut_10`, `map`).
    /// - Throws: `invalidInput` that suggests the nearest name.
    public init(_ name: String) throws(TrawlError) {
        if let (base, digits) = Self.splitTrecName(name), let kind = Self.trecFamilies[base] {
            guard let cutoff = Int(digits) else { throw Self.error("the cutoff of '\(name)' is not a number") }
            try self.init(kind, cutoff: cutoff)
            return
        }
        if let kind = Self.trecNames[name] {
            try self.init(kind)
            return
        }
        var rest = name[...]
        var cutoff: Int?
        if let at = rest.lastIndex(of: "@") {
            let digits = rest[rest.index(after: at)...]
            guard let number = Int(digits) else {
                throw Self.error("the cutoff '\(digits)' of '\(name)' is not a number", remedy: "write it like nDCG@10")
            }
            cutoff = number
            rest = rest[..<at]
        }
        var level = 1
        if rest.hasSuffix(")"), let open = rest.firstIndex(of: "(") {
            level = try Self.level(rest[rest.index(after: open)...].dropLast(), of: name)
            rest = rest[..<open]
        }
        guard let kind = Kind(rawValue: String(rest)) ?? Self.aliases[String(rest)] else {
            throw Self.unknown(name, base: String(rest), cutoff: cutoff)
        }
        try self.init(kind, cutoff: cutoff, relevanceLevel: level)
    }

    /// Parses names separated by commas or white space.
    public static func list(_ names: String) throws(TrawlError) -> [Measure] {
        var measures: [Measure] = []
        for name in names.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let measure = try Measure(String(name))
            if !measures.contains(measure) { measures.append(measure) }
        }
        guard !measures.isEmpty else { throw error("no measure is named", remedy: "write for example nDCG@10,R@100") }
        return measures
    }

    private static func level(_ parameter: Substring, of name: String) throws(TrawlError) -> Int {
        let parts = parameter.split(separator: "=").map { $0.filter { !$0.isWhitespace } }
        guard parts.count == 2, parts[0] == "rel", let level = Int(parts[1]) else {
            throw error("the parameter '\(parameter)' of '\(name)' is not known", remedy: "write for example (rel=2)")
        }
        return level
    }

    private static func error(_ message: String, remedy: String? = nil) -> TrawlError {
        TrawlError(.invalidInput, message, remedy: remedy)
    }
}

// MARK: - Names

extension Measure {
    private static let aliases: [String: Kind] = [
        "NDCG": .nDCG, "MAP": .averagePrecision, "MRR": .reciprocalRank, "Recall": .recall, "Precision": .precision,
        "RPrec": .rPrecision, "BPref": .binaryPreference,
    ]
    private static let trecNames: [String: Kind] = [
        "ndcg": .nDCG, "map": .averagePrecision, "recip_rank": .reciprocalRank, "bpref": .binaryPreference,
    ]
    /// trec_eval's names that end in a cutoff.
    private static let trecFamilies: [String: Kind] = [
        "ndcg_cut": .nDCG, "map_cut": .averagePrecision, "recall": .recall, "P": .precision, "success": .success,
    ]

    /// Cuts `ndcg_cut_10` into `ndcg_cut` and `10`.
    private static func splitTrecName(_ name: String) -> (base: String, digits: String)? {
        guard let mark = name.lastIndex(where: { $0 == "_" || $0 == "." }) else { return nil }
        let digits = name[name.index(after: mark)...]
        guard !digits.isEmpty, digits.allSatisfy(\.isNumber) else { return nil }
        return (String(name[..<mark]), String(digits))
    }

    private static func unknown(_ name: String, base: String, cutoff: Int?) -> TrawlError {
        let known =
            Kind.allCases.map(\.rawValue) + aliases.keys.sorted() + trecNames.keys.sorted()
            + trecFamilies.keys.sorted().map { $0 + "_10" }
        var remedy = "the measures are " + Kind.allCases.map(\.rawValue).joined(separator: ", ")
        if let best = nearestName(to: base, among: known) {
            let suffix = Kind(rawValue: best)?.takesCutoff == true ? cutoff.map { "@\($0)" } ?? "" : ""
            remedy = "did you mean \(best)\(suffix)?"
        }
        return error("there is no measure '\(name)'", remedy: remedy)
    }
}
