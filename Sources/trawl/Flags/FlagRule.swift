import ArgumentParser

/// A combination in which flags would do nothing: it is an error, not a surprise.
struct FlagRule {
    /// The flags concerned.
    let flags: [String]
    /// One of these must be given too; empty: none need.
    var needs: [String] = []
    /// None of these may be given.
    var excludedBy: [String] = []
    /// With one of these the rule does not hold.
    var unless: [String] = []
    /// What to do instead.
    var remedy: String?

    init(
        _ flags: String..., needs: [String] = [], excludedBy: [String] = [], unless: [String] = [],
        remedy: String? = nil
    ) {
        self.init(flags, needs: needs, excludedBy: excludedBy, unless: unless, remedy: remedy)
    }

    init(
        _ flags: [String], needs: [String] = [], excludedBy: [String] = [], unless: [String] = [],
        remedy: String? = nil
    ) {
        self.flags = flags
        self.needs = needs
        self.excludedBy = excludedBy
        self.unless = unless
        self.remedy = remedy
    }

    /// - Parameter spelling: how a flag or argument was written; nil for one that was not given.
    /// - Throws: `ValidationError` that names both flags.
    func check(_ spelling: (String) -> String?) throws {
        guard !unless.contains(where: { spelling($0) != nil }) else { return }
        for flag in flags.compactMap(spelling) {
            let ending = remedy.map { "; \($0)" } ?? ""
            if let other = excludedBy.lazy.compactMap(spelling).first {
                throw ValidationError("\(flag) has no effect with \(other)\(ending)")
            }
            if !needs.isEmpty, !needs.contains(where: { spelling($0) != nil }) {
                throw ValidationError("\(flag) has no effect without \(needs.joined(separator: " or "))\(ending)")
            }
        }
    }
}

/// A command some of whose flags matter only beside others.
protocol RuledCommand: ParsableCommand {
    static var flagRules: [FlagRule] { get }
    /// The arguments without a flag that were given, by the names that `flagRules` use.
    var givenArguments: Set<String> { get }
}

extension RuledCommand {
    var givenArguments: Set<String> { [] }

    /// - Throws: `ValidationError` for a flag that would do nothing.
    func checkRules(_ given: GivenFlags) throws {
        let arguments = givenArguments
        for rule in Self.flagRules {
            try rule.check { given.spelling(of: $0) ?? (arguments.contains($0) ? $0 : nil) }
        }
    }
}
