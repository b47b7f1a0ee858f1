import Foundation
public import TrawlCore

extension Measure {
    /// Parses a name of ir_measures (`nDCG@10`, `AP(rel=2)@100`, `MRR`), of trec_eval (`ndcg_cut_10`, `map`) or of ranx
    /// (`ndcg@10`, `hit_rate@5`).
    /// - Throws: `invalidInput` that suggests the nearest name.
    public init(_ name: String) throws(TrawlError) {
        if let measure = try Self.trecMeasure(name) {
            self = measure
            return
        }
        var rest = name[...]
        var at: Substring?
        if let mark = rest.lastIndex(of: "@") {
            at = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        var values: [(name: Substring, value: Substring)] = []
        if rest.hasSuffix(")"), let open = rest.firstIndex(of: "(") {
            values = try Self.values(rest[rest.index(after: open)...].dropLast(), of: name)
            rest = rest[..<open]
        }
        let base = String(rest)
        var reading = ParameterReading(name: name)
        guard let kind = Kind(rawValue: base) ?? Self.otherNames[base] else {
            throw Self.unknown(name, base: base, at: at)
        }
        reading.kind = kind
        reading.parameters.relative = base == "SetRelP" || base == "set_relative_P"
        for (parameter, value) in values { try reading.set(parameter, value) }
        if let at { try reading.setAt(at) }
        try self.init(
            reading.kind, cutoff: reading.cutoff, relevanceLevel: reading.level, parameters: reading.parameters)
    }

    /// Parses names separated by commas or white space. Names of trec_eval stand for all its default cutoffs when they
    /// lack one (`ndcg_cut`), and may have many (`P.5,10`).
    public static func list(_ names: String) throws(TrawlError) -> [Measure] {
        var measures: [Measure] = []
        var family: String?
        for name in split(names) {
            var expanded = [name]
            if let base = family, Double(name) != nil {
                expanded = [base + "_" + name]
            } else if let defaults = trecDefaults[name] {
                expanded = defaults.map { "\(name)_\($0)" }
                family = nil
            } else {
                family = trecFamily(of: name)?.base
            }
            for name in expanded {
                let measure = try Measure(name)
                if !measures.contains(measure) { measures.append(measure) }
            }
        }
        guard !measures.isEmpty else { throw error("no measure is named", remedy: "write for example nDCG@10,R@100") }
        return measures
    }

    /// Commas and spaces within parentheses do not separate.
    private static func split(_ names: String) -> [String] {
        var found: [String] = []
        var (name, depth) = ("", 0)
        for character in names {
            if character == "(" || character == "{" { depth += 1 }
            if character == ")" || character == "}" { depth -= 1 }
            if depth <= 0, character == "," || character.isWhitespace {
                if !name.isEmpty { found.append(name) }
                name = ""
            } else {
                name.append(character)
            }
        }
        return name.isEmpty ? found : found + [name]
    }

    /// Cuts `rel=2,gains={1:1,2:3}` into names and values.
    private static func values(
        _ text: Substring, of name: String
    ) throws(TrawlError) -> [(name: Substring, value: Substring)] {
        var values: [(name: Substring, value: Substring)] = []
        for part in parts(text) {
            guard let equals = part.firstIndex(of: "=") else {
                throw error(
                    "the parameter '\(part)' of '\(name)' has no value", remedy: "write for example AP(rel=2)")
            }
            values.append((trimmed(part[..<equals]), trimmed(part[part.index(after: equals)...])))
        }
        return values
    }

    /// Commas within braces do not separate.
    private static func parts(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var (start, depth) = (text.startIndex, 0)
        for index in text.indices {
            switch text[index] {
            case "{": depth += 1
            case "}": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        return (parts + [text[start...]]).map(trimmed).filter { !$0.isEmpty }
    }

    fileprivate static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// The parameters of a measure as they are read.
private struct ParameterReading {
    let name: String
    var kind = Measure.Kind.nDCG
    var cutoff: Int?
    var level = 1
    var parameters = Measure.Parameters()

    init(name: String) { self.name = name }

    mutating func setAt(_ value: Substring) throws(TrawlError) {
        guard let parameter = kind.atParameter else { throw Measure.notTaken(.cutoff, by: kind) }
        if parameter == .cutoff, Int(value) == nil {
            throw Measure.error("the cutoff '\(value)' of '\(name)' is not a number", remedy: "write it like nDCG@10")
        }
        try set(parameter, value)
    }

    mutating func set(_ parameter: Substring, _ value: Substring) throws(TrawlError) {
        // `NumRet(rel=1)` counts the relevant ones.
        if kind == .retrieved, parameter == "rel" { kind = .relevantRetrieved }
        guard let known = Measure.ParameterName(rawValue: String(parameter)) else { throw unknown(parameter) }
        guard kind.parameters.contains(known) else { throw Measure.notTaken(known, by: kind) }
        try set(known, value)
    }

    private mutating func set(_ parameter: Measure.ParameterName, _ value: Substring) throws(TrawlError) {
        switch parameter {
        case .cutoff: cutoff = try whole(parameter, value)
        case .rel: level = try whole(parameter, value)
        case .dcg:
            switch value.filter({ $0 != "'" && $0 != "\"" }) {
            case "log2": parameters.exponentialGain = false
            case "exp-log2": parameters.exponentialGain = true
            default: throw wrong(parameter, value)
            }
        case .gains: parameters.gains = try gains(value)
        case .recall: parameters.recall = try number(parameter, value)
        case .beta: parameters.beta = try number(parameter, value)
        case .relative: parameters.relative = try truth(parameter, value)
        case .p:
            let p = try number(parameter, value)
            parameters.continuation = p == kind.continuation ? nil : p
        case .judgedOnly: parameters.judgedOnly = try truth(parameter, value)
        case .target: parameters.target = try number(parameter, value)
        case .minimumGrade: parameters.minimumGrade = try whole(parameter, value)
        case .maximumGrade: parameters.maximumGrade = try whole(parameter, value)
        case .normalises: parameters.normalises = try truth(parameter, value)
        }
    }

    private func whole(_ parameter: Measure.ParameterName, _ value: Substring) throws(TrawlError) -> Int {
        guard let number = Int(value) else { throw wrong(parameter, value) }
        return number
    }

    private func number(_ parameter: Measure.ParameterName, _ value: Substring) throws(TrawlError) -> Double {
        guard let number = Double(value), number.isFinite else { throw wrong(parameter, value) }
        return number
    }

    private func truth(_ parameter: Measure.ParameterName, _ value: Substring) throws(TrawlError) -> Bool {
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default: throw wrong(parameter, value)
        }
    }

    private func gains(_ value: Substring) throws(TrawlError) -> [Int: Int] {
        guard value.hasPrefix("{"), value.hasSuffix("}") else { throw wrong(.gains, value) }
        var gains: [Int: Int] = [:]
        for pair in value.dropFirst().dropLast().split(separator: ",") {
            let numbers = pair.split(separator: ":").map { Int(Measure.trimmed($0)) }
            guard numbers.count == 2, let grade = numbers[0], let gain = numbers[1] else { throw wrong(.gains, value) }
            if grade != gain { gains[grade] = gain }
        }
        return gains
    }

    private func wrong(_ parameter: Measure.ParameterName, _ value: Substring) -> TrawlError {
        Measure.error(
            "the value '\(value)' of \(parameter.rawValue) in '\(name)' cannot be used",
            remedy: "write for example \(parameter.example)")
    }

    private func unknown(_ parameter: Substring) -> TrawlError {
        let known = kind.parameters
        let nearest = nearestName(to: String(parameter), among: known.map(\.rawValue))
        let remedy =
            nearest.map { "did you mean \($0)?" }
            ?? (known.isEmpty
                ? "write \(kind.example)"
                : "\(kind.rawValue) takes "
                    + known.map { $0 == .rel ? "rel (rel=2)" : $0.rawValue }.joined(separator: ", "))
        return Measure.error("\(kind.rawValue) has no parameter '\(parameter)'", remedy: remedy)
    }
}

// MARK: - Names

extension Measure {
    /// Other names that ir_measures has.
    private static let aliases: [String: Kind] = [
        "NDCG": .nDCG, "MAP": .averagePrecision, "MRR": .reciprocalRank, "Recall": .recall, "Precision": .precision,
        "RPrec": .rPrecision, "BPref": .binaryPreference, "SetRelP": .setPrecision,
    ]
    private static let trecNames: [String: Kind] = [
        "ndcg": .nDCG, "map": .averagePrecision, "recip_rank": .reciprocalRank, "bpref": .binaryPreference,
        "set_P": .setPrecision, "set_recall": .setRecall, "set_F": .setF, "set_map": .setAveragePrecision,
        "set_relative_P": .setPrecision,
        "num_q": .queries, "num_ret": .retrieved, "num_rel": .relevant, "num_rel_ret": .relevantRetrieved,
    ]
    /// Names that ranx has and the others have not.
    private static let ranxNames: [String: Kind] = [
        "mrr": .reciprocalRank, "recall": .recall, "precision": .precision, "hit_rate": .success,
        "r-precision": .rPrecision,
    ]
    private static let otherNames = aliases.merging(trecNames) { $1 }.merging(ranxNames) { $1 }
    /// trec_eval's names that end in a number.
    private static let trecFamilies: [String: Kind] = [
        "ndcg_cut": .nDCG, "map_cut": .averagePrecision, "recall": .recall, "P": .precision, "success": .success,
        "relative_P": .relativePrecision, "iprec_at_recall": .interpolatedPrecision, "set_F": .setF,
    ]
    private static let trecCutoffs = ["5", "10", "15", "20", "30", "100", "200", "500", "1000"]
    /// The numbers that trec_eval takes for a family without one. `P` is left to ir_measures, where it needs a cutoff.
    private static let trecDefaults: [String: [String]] = [
        "ndcg_cut": trecCutoffs, "map_cut": trecCutoffs, "recall": trecCutoffs, "relative_P": trecCutoffs,
        "success": ["1", "5", "10"], "iprec_at_recall": (0...10).map { "\(Double($0) / 10)" },
    ]
    /// What ir_measures and trec_eval have and Trawl has not, with the reason.
    private static let unsupported: [String: String] = {
        let subtopics = ["ERR_IA", "nERR_IA", "alpha_DCG", "alpha_nDCG", "α_DCG", "α_nDCG", "NRBP", "nNRBP", "AP_IA"]
        let reason = "it needs judgements by subtopic (diversity qrels)"
        var reasons = Dictionary(
            uniqueKeysWithValues: (subtopics + ["MAP_IA", "P_IA", "StRecall"]).map { ($0, reason) })
        for name in ["G", "Rndcg", "ndcg_rel", "Rprec_mult", "relstring", "utility", "runid"] {
            reasons[name] = "it is found in trec_eval only"
        }
        return reasons
    }()

    /// Cuts `ndcg_cut_10` or `iprec_at_recall_0.10` into the family and the number; nil for other names.
    private static func trecFamily(of name: String) -> (base: String, kind: Kind, digits: Substring)? {
        for (base, kind) in trecFamilies where name.hasPrefix(base) {
            let rest = name.dropFirst(base.count)
            guard let mark = rest.first, mark == "_" || mark == "." else { continue }
            let digits = rest.dropFirst()
            if !digits.isEmpty, digits.allSatisfy({ $0.isNumber || $0 == "." }) { return (base, kind, digits) }
        }
        return nil
    }

    private static func trecMeasure(_ name: String) throws(TrawlError) -> Measure? {
        guard let (base, kind, digits) = trecFamily(of: name) else { return nil }
        var parameters = Parameters()
        if kind.takesCutoff {
            guard let cutoff = Int(digits) else { throw error("the cutoff of '\(name)' is not a number") }
            return try Measure(kind, cutoff: cutoff)
        }
        guard let number = Double(digits) else { throw error("the number of '\(name)' cannot be read") }
        if base == "set_F" { parameters.beta = number } else { parameters.recall = number }
        return try Measure(kind, parameters: parameters)
    }

    private static func unknown(_ name: String, base: String, at: Substring?) -> TrawlError {
        if let reason = unsupported[base] {
            return TrawlError(
                .unsupported, "Trawl does not compute \(base): \(reason)",
                remedy: "use ir_measures or trec_eval for it")
        }
        let known =
            Kind.allCases.map(\.rawValue) + otherNames.keys.sorted()
            + trecFamilies.keys.sorted().map { $0 + "_10" }
        var remedy = "the measures are " + Kind.allCases.map(\.rawValue).joined(separator: ", ")
        if let best = nearestName(to: base, among: known) {
            let suffix = Kind(rawValue: best)?.takesCutoff == true ? at.map { "@\($0)" } ?? "" : ""
            remedy = "did you mean \(best)\(suffix)?"
        }
        return error("there is no measure '\(name)'", remedy: remedy)
    }
}
