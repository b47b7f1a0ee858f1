import TrawlCore

/// The format that the first bytes of a file speak of. Nil for a file that nobody named and that is to be passed over.
///
/// - Throws: `unsupported` for a file that the user named and that is not text.
func detectFormat(_ source: ByteSource, of file: CorpusFile) throws -> CorpusFormat? {
    var head = try source.peek(1 << 12)[...]
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { head = head.dropFirst(3) }
    head = head.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    func begins(_ word: String) -> Bool {
        String(decoding: head.prefix(word.utf8.count), as: UTF8.self).lowercased() == word
    }

    if begins("<doc>") { return .trec }
    if !file.wasNamed { return nil }
    if head.contains(0) {
        throw TrawlError(
            .unsupported, "is not text", path: source.name,
            remedy: "name .jsonl, .json, .tsv, TREC, .txt, .md or .html files, plain, .gz or .zst")
    }
    if FileName(file.relativePath).fileExtension == "csv" {
        throw TrawlError(
            .unsupported, "is a CSV file", path: source.name, remedy: "convert it to JSON lines or to TSV")
    }
    if begins("<!doctype html") || begins("<html") { return .html }
    if begins("{") { return .jsonLines }
    if begins("["), head.dropFirst().first(where: { $0 > 0x20 }) == UInt8(ascii: "{") { return .json }
    if head.prefix(while: { $0 != 0x0A }).contains(0x09) { return .tsv }
    return file.path == nil ? .lines : .text
}
