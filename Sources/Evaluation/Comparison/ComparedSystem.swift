public import TrawlCore

/// A system that takes part in a comparison: its run, and what is known of how it came about.
public struct ComparedSystem: Sendable {
    public let name: String
    public let run: Run
    /// The file of the run; nil for one that a program made, or that came through a pipe.
    public var source: RunRecord.Source?
    public var record: RunRecord?

    public init(name: String, run: Run, source: RunRecord.Source? = nil, record: RunRecord? = nil) {
        (self.name, self.run, self.source, self.record) = (name, run, source, record)
    }

    public var cost: RunRecord.Cost? { record?.cost }

    /// The names of the systems whose runs are in `paths`: those of the files without folder and ending if they differ,
    /// else the `system` of their records.
    ///
    /// - Throws: `invalidInput` for two systems with one name.
    public static func names(ofRuns paths: [String], records: [RunRecord?]) throws(TrawlError) -> [String] {
        let files = paths.map(fileName)
        if Set(files).count == files.count { return files }
        let systems = records.compactMap { $0?.system }
        if systems.count == paths.count, Set(systems).count == systems.count { return systems }
        try requireDistinct(files)
        return files
    }

    /// - Throws: `invalidInput` for two systems with one name, or one without.
    static func requireDistinct(_ names: [String]) throws(TrawlError) {
        var seen: Set<String> = []
        for name in names {
            guard !name.isEmpty else {
                throw TrawlError(.invalidInput, "a system has no name", remedy: "name every system", topic: .systems)
            }
            guard seen.insert(name).inserted else {
                throw TrawlError(
                    .invalidInput, "two systems have the name '\(name)'", remedy: "give each a name of its own",
                    topic: .systems)
            }
        }
    }

    /// `bm25` for `runs/bm25.trec.gz`.
    private static func fileName(_ path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".gz", ".zst", ".trec", ".run", ".txt", ".res"] where name.hasSuffix(ending) {
            name.removeLast(ending.count)
        }
        return name.isEmpty ? path : name
    }
}
