public import TrawlCore

extension Run {
    /// The run as a TREC file. Ranks count from 1 in the order of `ranked`. A score that is a `Float` reads back as the same
    /// `Float`, any other as the same `Double`. White space in ids is percent-encoded: `a b` becomes `a%20b`.
    ///
    /// - Throws: `invalidInput` for a tag that is empty or holds white space.
    public func trecText(tag: String = "trawl") throws(TrawlError) -> String {
        guard !tag.isEmpty, !RunColumn.needsEncoding(tag) else {
            throw TrawlError(.invalidInput, "the run's tag '\(tag)' is empty or holds white space")
        }
        var text = ""
        for query in queries {
            let column = RunColumn.text(query)
            for (position, entry) in ranked(query).enumerated() {
                let document = RunColumn.text(entry.document.rawValue)
                text += "\(column) Q0 \(document) \(position + 1) \(Self.digits(entry.score)) \(tag)\n"
            }
        }
        return text
    }

    /// Writes `trecText` to `path`; see `OutputFile` for what that may be.
    public func write(path: String, tag: String = "trawl") throws(TrawlError) {
        try OutputFile(path).write(trecText(tag: tag))
    }

    /// The shortest digits that read back as `score`; those of `Float` when it is one.
    private static func digits(_ score: Double) -> String {
        Double(Float(score)) == score ? "\(Float(score))" : "\(score)"
    }
}
