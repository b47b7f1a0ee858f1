import ArgumentParser
import TrawlEngine

/// Flags that matter only where certain retrieval methods take part.
enum SearchFlags {
    /// The flags of searches, with the methods that they are for.
    static let methods: [(flags: [String], methods: [SearchMode])] = [
        (
            [
                "--generator", "--alpha", "--seal-weights", "--query-ngrams", "--beams", "--soft-constraint",
                "--scoring",
            ],
            [.generative]
        ),
        (
            [
                "--instruction", "--examples", "--query-prompt", "--ef-search", "--feedback", "--feedback-weight",
                "--no-adapter",
            ],
            [.dense]
        ),
        (["--exact"], [.dense, .late]),
        (["--probes", "--candidates"], [.late]),
        (["--k1", "--b", "--syntax"], [.lexical]),
        (["--precision"], [.dense, .generative]),
    ]
    static let hybrid = ["--fusion", "--weights", "--blocks"]

    /// The flags of a new index, with the methods that they are for.
    static let building: [(flags: [String], methods: [SearchMode])] = [
        (["--embedder", "--vector-structure", "--codes", "--code-bits", "--vector-format"], [.dense]),
        (["--late-model", "--late-bits"], [.late]),
        (["--generator", "--pseudo-queries"], [.generative]),
        (["--language"], [.lexical, .generative]),
        (["--precision"], [.dense, .generative, .late]),
    ]

    /// - Parameter settings: those of each mode that is searched; a flag must matter in one of them.
    /// - Throws: `ValidationError` for a flag that would do nothing.
    static func check(_ given: GivenFlags, _ settings: [SearchSettings], _ index: any Searchable) throws {
        let searches = settings.map { settings in
            let mode = settings.mode ?? index.defaultMode(settings)
            let weighted = index.fusionWeights(settings).filter { $0.value > 0 }.keys
            return (mode: mode, methods: mode == .hybrid ? weighted.map { SearchMode(rawValue: $0) } : [mode])
        }
        let asked = Set(searches.flatMap(\.methods))
        let reranks = settings.contains { !$0.rerankers.isEmpty }
        let modes = Set(searches.map(\.mode.rawValue)).sorted().joined(separator: ",")
        let how =
            given.contains("--mode")
            ? "with --mode \(modes)"
            : given.contains("--weights")
                ? "with these --weights, by which --mode is \(modes)" : "on this index, whose --mode is \(modes)"
        for (flags, methods) in methods {
            for flag in flags.compactMap(given.spelling) where asked.isDisjoint(with: methods) {
                if flag == "--precision", reranks { continue }
                throw ValidationError(
                    "\(flag) has no effect \(how)\(needed(methods, isHybrid: modes.contains("hybrid")))")
            }
        }
        for flag in hybrid.compactMap(given.spelling) where !searches.contains(where: { $0.mode == .hybrid }) {
            throw ValidationError("\(flag) has no effect \(how); it is for --mode hybrid")
        }
        if let flag = given.spelling(of: "--feedback-weight"), settings.allSatisfy({ $0.dense.feedback == 0 }) {
            throw ValidationError("\(flag) has no effect without --feedback")
        }
        if let flag = given.spelling(of: "--no-adapter"), !index.settings.dense.usesAdapter {
            throw ValidationError("\(flag) has no effect on this index: its searches use no query adapter")
        }
        if let flag = given.spelling(of: "--no-rerank"), index.settings.rerankers.isEmpty {
            throw ValidationError("\(flag) has no effect on this index: its searches use no reranker")
        }
        if let flag = given.spelling(of: "--blocks"), !settings.contains(where: { $0.fusion.method == .fitted }) {
            throw ValidationError("\(flag) has no effect without a fitted fusion (--fusion fitted)")
        }
        let structure = index.recipe.dense.vectors.structure
        if let flag = given.spelling(of: "--ef-search"), structure != .graph, structure != .auto {
            throw ValidationError(
                "\(flag) has no effect on this index: its vectors were built with --vector-structure \(structure.rawValue)"
            )
        }
    }

    /// - Throws: `ValidationError` for a flag about a part that is not built.
    static func checkBuilding(_ given: GivenFlags, _ recipe: IndexRecipe) throws {
        let built = recipe.build.map { SearchMode(rawValue: $0) }
        for (flags, methods) in building {
            for flag in flags.compactMap(given.spelling) where Set(built).isDisjoint(with: methods) {
                throw ValidationError(
                    "\(flag) has no effect with --build \(recipe.build.joined(separator: ","))"
                        + needed(methods, isHybrid: false))
            }
        }
        let vectors = recipe.dense.vectors
        if let flag = given.spelling(of: "--codes") ?? given.spelling(of: "--code-bits"),
            vectors.structure != .binary, vectors.structure != .auto
        {
            throw ValidationError("\(flag) has no effect with --vector-structure \(vectors.structure.rawValue)")
        }
        if let flag = given.spelling(of: "--code-bits"), vectors.codes != .learned {
            throw ValidationError("\(flag) has no effect with --codes \(vectors.codes.rawValue)")
        }
    }

    private static func needed(_ methods: [SearchMode], isHybrid: Bool) -> String {
        let names = methods.map(\.rawValue).joined(separator: " or ")
        return isHybrid ? ", as \(names) has no part in it (--weights)" : "; it is for \(names) search"
    }
}
