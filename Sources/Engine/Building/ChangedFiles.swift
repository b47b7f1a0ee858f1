import TrawlCorpus

/// What a run of the builder knows of the files that its documents come from.
struct ChangedFiles {
    /// What the index has stored when the run starts; nil for a new index, or one that stored nothing.
    let before: CorpusFileTable?
    /// What it will store.
    let table: CorpusFileTable
    /// File numbers by the path in a document's origin.
    let numbers: [String: UInt32]
    /// The files to read; the others are as they were.
    let files: [FileStamp]
    /// The numbers of the files that are read again or are gone: what the index has of them is replaced.
    let stale: Set<UInt32>

    /// Those of a new index.
    init(new corpus: DocumentIterator) {
        self.init(CorpusFileTable(corpus.stamps, roots: corpus.roots), corpus.stamps, since: nil)
    }

    /// What has changed in `corpus` since an index was built of it.
    init(in corpus: CorpusReader, since before: CorpusFileTable?) {
        let stamps = corpus.stamps
        let table = (before ?? CorpusFileTable()).updated(to: stamps, roots: corpus.roots, keeping: corpus.mayHide)
        self.init(table, stamps, since: before)
    }

    private init(_ table: CorpusFileTable, _ stamps: [FileStamp], since before: CorpusFileTable?) {
        self.before = before
        self.table = table
        numbers = Dictionary(
            stamps.map { ($0.path, table.entries[$0.key]?.number ?? 0) }, uniquingKeysWith: { first, _ in first })
        files = stamps.filter { before?.entries[$0.key] != table.entries[$0.key] }
        var stale = Set(files.compactMap { before?.entries[$0.key]?.number })
        for (key, entry) in before?.entries ?? [:] where table.entries[key] == nil { stale.insert(entry.number) }
        self.stale = stale
    }

    /// The stale files without those that could not be read: what the index has of them stays.
    ///
    /// - Parameter incomplete: paths as in the origins of documents.
    func stale(without incomplete: Set<String>) -> Set<UInt32> {
        stale.subtracting(incomplete.compactMap { numbers[$0] })
    }
}
