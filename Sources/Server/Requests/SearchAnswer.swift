import TrawlEngine

/// The answer to one query.
struct SearchAnswer: Encodable, Sendable {
    let index: String
    let mode: String
    let result: SearchResult
    let options: SearchRequest.Options
    /// Of the search without waiting.
    let seconds: Double
    /// What of a streamed search it is.
    let stage: String?

    init(
        _ result: SearchResult, of session: SearchSession, in index: ServedIndex, _ options: SearchRequest.Options,
        seconds: Double, stage: String? = nil
    ) {
        self.index = index.name
        mode = (session.settings.mode ?? .hybrid).rawValue
        (self.result, self.options, self.seconds, self.stage) = (result, options, seconds, stage)
    }

    enum CodingKeys: String, CodingKey {
        case hits, index, mode, ngrams, notes, query, seconds, stage, suggestion
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(result.hits.map { Hit(hit: $0, options: options) }, forKey: .hits)
        try values.encode(index, forKey: .index)
        try values.encode(mode, forKey: .mode)
        try values.encode(options.explain ? result.keys : [], forKey: .ngrams)
        try values.encode(result.notes, forKey: .notes)
        try values.encode(result.query, forKey: .query)
        try values.encode((seconds * 1e6).rounded() / 1e6, forKey: .seconds)
        try values.encodeIfPresent(stage, forKey: .stage)
        try values.encodeIfPresent(result.suggestion, forKey: .suggestion)
    }

    /// A hit as the command line prints it, without the query, which all hits share.
    private struct Hit: Encodable {
        let hit: SearchHit
        let options: SearchRequest.Options

        enum CodingKeys: String, CodingKey { case snippet }

        func encode(to encoder: any Encoder) throws {
            try hit.encodeWithoutQuery(to: encoder, matches: options.explain)
            guard options.highlight else { return }
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(Snippet(hit.text, matches: hit.matches), forKey: .snippet)
        }
    }
}

/// The answers to a list of queries.
struct SearchAnswers: Encodable {
    let results: [SearchAnswer]
}
