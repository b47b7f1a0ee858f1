import Foundation
public import TrawlCore
public import TrawlCorpus
public import TrawlEngine
public import TrawlEvaluation

/// Where the texts of the queries and documents of a comparison are: found at once, read when it is known which are shown.
public struct ComparisonTextSource {
    private enum Corpus {
        case index(SearchIndex)
        case files(CorpusReader)
    }

    private let queries: [Query]
    private let corpus: Corpus?
    /// What the texts came from, for the provenance.
    public let queriesSource: RunRecord.Source?
    public let corpusSource: RunRecord.Source?

    /// Reads the queries, and finds the corpus.
    ///
    /// - Parameters:
    ///   - queries: A file of queries.
    ///   - corpus: An index by path or name, or a file or folder of documents.
    /// - Throws: `TrawlError` for what cannot be read.
    public init(queries: String?, reader: QueryReader = QueryReader(), corpus: String?, _ engine: Engine) throws {
        self.queries = try queries.map { try reader.read($0) } ?? []
        queriesSource = queries.flatMap { RunRecord.Source(fileAt: $0) }
        guard let corpus else {
            (self.corpus, corpusSource) = (nil, nil)
            return
        }
        if let path = Self.index(corpus) {
            let index = try engine.open(path)
            self.corpus = .index(index)
            corpusSource = RunRecord.Source(
                path: index.path, digest: try index.digest(), bytes: index.summary.bytesOnDisk)
        } else {
            self.corpus = .files(try CorpusReader(paths: [corpus]))
            corpusSource = RunRecord.Source(fileAt: corpus)
        }
    }

    /// The texts of what `hits` shows.
    public func read(for hits: HitComparison, progress: any ProgressReporter = .silent) throws -> ComparisonTexts {
        var texts = ComparisonTexts()
        for query in queries where hits.shows(query: query.id) { texts.add(query: query.id, text: query.text) }
        switch corpus {
        case .index(let index):
            for id in hits.documents {
                // Runs percent-encode white space in ids.
                let plain = id.rawValue.removingPercentEncoding.map { DocumentID($0) }
                guard
                    let document = try index.documents.document(id)
                        ?? plain.flatMap({ try index.documents.document($0) })
                else { continue }
                texts.add(document.id, title: document.title, text: document.text)
            }
        case .files(let reader):
            try reader.readAll(progress: progress) { document in
                guard hits.shows(document.id) else { return }
                texts.add(document.id, title: document.title, text: document.text)
            }
        case nil: break
        }
        return texts
    }

    /// The folder of an index; nil where `corpus` names files. A name that nothing has is one of files, whose reader says so.
    private static func index(_ corpus: String) -> String? {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: corpus, isDirectory: &isFolder), !isFolder.boolValue { return nil }
        return try? IndexCatalogue.path(of: corpus)
    }
}
