import TrawlCore

extension Measure {
    /// The names of parameters, those of ir_measures.
    enum ParameterName: String, CaseIterable {
        case cutoff, rel, dcg, gains, recall, beta, relative, p
        case judgedOnly = "judged_only"
        case target = "T"
        case minimumGrade = "min_rel"
        case maximumGrade = "max_rel"
        case normalises = "normalize"

        /// An example in a message.
        var example: String {
            switch self {
            case .cutoff: "cutoff=10"
            case .rel: "rel=2"
            case .dcg: "dcg='exp-log2'"
            case .gains: "gains={1:1,2:3}"
            case .recall: "recall=0.1"
            case .beta: "beta=0.5"
            case .relative: "relative=True"
            case .p: "p=0.9"
            case .judgedOnly: "judged_only=True"
            case .target: "T=1.0"
            case .minimumGrade: "min_rel=0"
            case .maximumGrade: "max_rel=3"
            case .normalises: "normalize=False"
            }
        }
    }
}

extension Measure.Kind {
    /// What the measure takes, in the order of its name.
    var parameters: [Measure.ParameterName] {
        switch self {
        case .nDCG: [.cutoff, .dcg, .gains, .judgedOnly]
        case .averagePrecision, .reciprocalRank, .recall, .precision, .success: [.cutoff, .rel, .judgedOnly]
        case .relativePrecision: [.cutoff, .rel]
        case .rPrecision, .setAveragePrecision: [.rel, .judgedOnly]
        case .setPrecision: [.rel, .relative, .judgedOnly]
        case .setF: [.rel, .beta, .judgedOnly]
        case .interpolatedPrecision: [.recall, .rel, .judgedOnly]
        case .judged, .expectedReciprocalRank: [.cutoff]
        case .accuracy: [.cutoff, .rel]
        case .binaryPreference, .inferredAveragePrecision, .setRecall, .relevant, .relevantRetrieved,
            .geometricAveragePrecision, .geometricPreference, .elevenPointAverage, .binaryGain,
            .judgedIrrelevantRetrieved:
            [.rel]
        case .rankBiasedPrecision: [.rel, .p]
        case .scaledDiscountedGain, .nearlyERR8, .nearlyERR9: [.cutoff, .minimumGrade, .maximumGrade]
        case .bejeweledPlayer: [.cutoff, .target, .minimumGrade, .maximumGrade]
        case .nearlyERR10: [.p, .minimumGrade, .maximumGrade]
        case .nearlyERR11, .inst, .insq: [.target, .minimumGrade, .maximumGrade]
        case .compatibility: [.p, .normalises]
        case .queries, .retrieved: []
        }
    }

    /// The parameter that a number after `@` gives.
    var atParameter: Measure.ParameterName? {
        parameters.contains(.cutoff) ? .cutoff : parameters.contains(.recall) ? .recall : nil
    }

    /// What has no default.
    var required: [Measure.ParameterName] {
        switch self {
        case .recall, .precision, .success, .relativePrecision: [.cutoff]
        case .interpolatedPrecision: [.recall]
        case .scaledDiscountedGain, .bejeweledPlayer, .nearlyERR8, .nearlyERR9: [.cutoff, .maximumGrade]
        case .nearlyERR10, .nearlyERR11, .inst, .insq: [.maximumGrade]
        default: []
        }
    }

    /// The default of `p`.
    var continuation: Double {
        switch self {
        case .nearlyERR10: 0.9
        case .compatibility: 0.95
        default: 0.8
        }
    }

    var takesCutoff: Bool { parameters.contains(.cutoff) }

    /// The name with what it needs, for messages.
    var example: String {
        let inside = parameters.filter { required.contains($0) && $0 != atParameter }.map(\.example)
        let at = atParameter.flatMap { required.contains($0) ? $0 : nil }
        return rawValue + (inside.isEmpty ? "" : "(\(inside.joined(separator: ",")))")
            + (at == nil ? "" : at == .cutoff ? "@10" : "@0.1")
    }
}

extension Measure {
    /// The parameters that were given another value than their default.
    private var given: Set<ParameterName> {
        let (own, none) = (parameters, Parameters())
        var given: Set<ParameterName> = []
        func note(_ name: ParameterName, _ isGiven: Bool) { if isGiven { given.insert(name) } }
        note(.cutoff, cutoff != nil)
        note(.rel, relevanceLevel != 1)
        note(.dcg, own.exponentialGain)
        note(.gains, !own.gains.isEmpty)
        note(.recall, own.recall != nil)
        note(.beta, own.beta != none.beta)
        note(.relative, own.relative)
        note(.p, own.continuation != nil)
        note(.judgedOnly, own.judgedOnly)
        note(.target, own.target != none.target)
        note(.minimumGrade, own.minimumGrade != none.minimumGrade)
        note(.maximumGrade, own.maximumGrade != nil)
        note(.normalises, !own.normalises)
        return given
    }

    func check() throws(TrawlError) {
        let (name, given) = (kind.rawValue, given)
        for parameter in ParameterName.allCases where given.contains(parameter) && !kind.parameters.contains(parameter)
        {
            throw Self.notTaken(parameter, by: kind)
        }
        for parameter in kind.required where !given.contains(parameter) {
            let what = parameter == .cutoff ? "a cutoff" : parameter == .recall ? "a recall" : parameter.rawValue
            throw Self.error("\(name) needs \(what)", remedy: "write \(kind.example)")
        }
        if let cutoff, cutoff < 1 { throw Self.error("the cutoff of \(name)@\(cutoff) is not positive") }
        guard relevanceLevel > 0 else { throw Self.error("the relevance level \(relevanceLevel) is not positive") }
        if let recall = parameters.recall, !(0...1).contains(recall) {
            throw Self.error("the recall \(recall) of \(name) is not between 0 and 1")
        }
        if let p = parameters.continuation, !(0...1).contains(p) {
            throw Self.error("the parameter p=\(p) of \(name) is not between 0 and 1")
        }
        guard parameters.beta > 0, parameters.beta.isFinite else {
            throw Self.error("the parameter beta=\(parameters.beta) of \(name) is not positive")
        }
        guard parameters.target > 0, parameters.target.isFinite else {
            throw Self.error("the parameter T=\(parameters.target) of \(name) is not positive")
        }
        if let most = parameters.maximumGrade, most <= parameters.minimumGrade || parameters.minimumGrade < 0 {
            throw Self.error(
                "\(name) needs 0 <= min_rel < max_rel and has min_rel=\(parameters.minimumGrade), max_rel=\(most)",
                remedy: "give the lowest and the highest grade of the judgements")
        }
    }

    static func notTaken(_ parameter: ParameterName, by kind: Kind) -> TrawlError {
        let what =
            switch parameter {
            case .cutoff: "cutoff"
            case .rel: "relevance level"
            default: "parameter '\(parameter.rawValue)'"
            }
        return error("\(kind.rawValue) takes no \(what)", remedy: "write \(kind.example)")
    }

    static func error(_ message: String, remedy: String? = nil) -> TrawlError {
        TrawlError(.invalidInput, message, remedy: remedy)
    }
}

extension Measure {
    /// The name in ir_measures, such as `AP(rel=2)@100`; that of trec_eval where ir_measures has none.
    public var description: String {
        let given = given
        if kind == .relativePrecision, relevanceLevel == 1 { return "relative_P_\(cutoff ?? 0)" }
        // `NumRelRet` is ir_measures' own short form, and `RBP` has no default level there.
        let isLevelShown = kind == .relevantRetrieved || kind == .rankBiasedPrecision
        let values = kind.parameters.compactMap { name -> String? in
            guard name != kind.atParameter, given.contains(name) || name == .rel && isLevelShown else { return nil }
            return "\(name.rawValue)=\(text(of: name))"
        }
        let at = kind.atParameter.flatMap { given.contains($0) ? "@" + text(of: $0) : nil } ?? ""
        let name = kind == .relevantRetrieved ? Kind.retrieved.rawValue : kind.rawValue
        return name + (values.isEmpty ? "" : "(\(values.joined(separator: ",")))") + at
    }

    private func text(of parameter: ParameterName) -> String {
        func truth(_ value: Bool) -> String { value ? "True" : "False" }
        switch parameter {
        case .cutoff: return cutoff.map { "\($0)" } ?? ""
        case .rel: return "\(relevanceLevel)"
        case .dcg: return parameters.exponentialGain ? "'exp-log2'" : "'log2'"
        case .gains:
            return "{" + parameters.gains.sorted { $0.key < $1.key }.map { "\($0):\($1)" }.joined(separator: ",") + "}"
        case .recall: return "\(parameters.recall ?? 0)"
        case .beta: return "\(parameters.beta)"
        case .relative: return truth(parameters.relative)
        case .p: return "\(parameters.continuation ?? kind.continuation)"
        case .judgedOnly: return truth(parameters.judgedOnly)
        case .target: return "\(parameters.target)"
        case .minimumGrade: return "\(parameters.minimumGrade)"
        case .maximumGrade: return parameters.maximumGrade.map { "\($0)" } ?? ""
        case .normalises: return truth(parameters.normalises)
        }
    }
}
