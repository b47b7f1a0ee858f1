import TrawlCore
import TrawlCorpus
import TrawlLexicalIndex
import TrawlStore

extension FuzzTarget {
    /// A target for each format of documents. PDF is read by another program, which must not end ours whatever becomes of it.
    static var corpora: [FuzzTarget] {
        let archives: [CorpusFormat] = [.docx, .odt, .epub]
        return CorpusFormat.allCases.filter { $0 != .beir && !archives.contains($0) }.map { format in
            FuzzTarget(format.rawValue, file: "corpus.\(suffix(format))") { path in
                try readAll(path, format)
            }
        } + archives.map(archive) + [
            FuzzTarget("zip", file: "corpus.docx", seeds: try zipSeeds()) { path in try readAll(path, .docx) },
            FuzzTarget("detected", file: "corpus") { path in try readAll(path, nil) },
            FuzzTarget("compressed", file: "corpus.jsonl.gz") { path in
                defer { _ = try? ByteSource.text(of: path) }
                try readAll(path, nil)
            },
        ]
    }

    /// A format whose files are zip archives: an input is the text of their entries, each after a line `=== NAME`, so that
    /// changes reach the readers of what is in them.
    private static func archive(_ format: CorpusFormat) -> FuzzTarget {
        FuzzTarget(format.rawValue) { folder in
            { bytes in
                try readAll(folder.write("corpus.\(format.rawValue)", ZipFile.bytes(ofEntries: bytes)), format)
            }
        }
    }

    private static func zipSeeds() throws -> [[UInt8]] {
        try ["docx", "odt", "epub"].flatMap { try FuzzTarget.named($0)?.allSeeds() ?? [] }.map(ZipFile.bytes)
    }

    private static func suffix(_ format: CorpusFormat) -> String { format == .code ? "py" : format.rawValue }

    private static func readAll(_ path: String, _ format: CorpusFormat?) throws {
        let documents = try CorpusReader(paths: [path], format: format).makeIterator()
        // What indexing does with a text before a model or an index sees it.
        let splitter = try PassageSplitter(size: 20, overlap: 3)
        let analyzer = try Analyzer(AnalyzerSettings(language: "en", stemmer: "english", removesStopWords: true))
        while let document = try documents.next() {
            _ = splitter.passages(of: document.text)
            _ = analyzer.terms(of: document.title + document.text)
        }
        _ = documents.summary.warnings
    }

    static var queries: [FuzzTarget] {
        let formats: [(String, QueryReader.Format?)] = [
            ("queries", nil), ("queries-jsonl", .jsonLines), ("queries-tsv", .tsv), ("queries-csv", .csv),
            ("topics", .topics),
        ]
        return formats.map { name, format in
            FuzzTarget(name, file: "queries") { path in
                let topicFields: [TopicField]? = format == .topics ? TopicField.allCases : nil
                _ = try QueryReader(topicFields: topicFields).read(path, format: format)
            }
        } + [
            FuzzTarget("texts", file: "texts.jsonl") { path in
                defer { _ = try? LineFile.read(path) }
                defer { _ = try? ExampleReader().read(path) }
                _ = try TextReader().read(path)
            }
        ]
    }
}

/// Writes zip archives of stored entries.
enum ZipFile {
    static func bytes(ofEntries text: [UInt8]) -> [UInt8] {
        var entries: [(name: [UInt8], content: [UInt8])] = []
        for line in text.split(separator: 10, omittingEmptySubsequences: false) {
            if line.starts(with: "=== ".utf8) {
                entries.append((Array(line.dropFirst(4).prefix(200)), []))
            } else if !entries.isEmpty {
                entries[entries.count - 1].content += line + [10]
            }
        }
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for (name, content) in entries.prefix(1000) {
            let checksum = content.withUnsafeBytes { crc32($0) }
            let size = UInt32(content.count)
            // Version, flags, method, time, date; then checksum and sizes, then lengths of name and extra field.
            let fields = little(UInt16(20)) + [UInt8](repeating: 0, count: 8) + little(checksum) + little(size)
            let common = fields + little(size) + little(UInt16(name.count)) + little(UInt16(0))
            directory += [0x50, 0x4B, 1, 2] + little(UInt16(20)) + common + [UInt8](repeating: 0, count: 10)
            directory += little(UInt32(archive.count)) + name
            archive += [0x50, 0x4B, 3, 4] + common + name + content
        }
        let count = little(UInt16(min(entries.count, 1000)))
        return archive + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + little(UInt32(directory.count))
            + little(UInt32(archive.count)) + [0, 0]
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
