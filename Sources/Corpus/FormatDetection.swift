import TrawlCore

/// How much of a file tells its format, in bytes.
private let headBytes = 1 << 12

/// The format that the first bytes of a file speak of. Nil for a file that nobody named and that is to be passed over.
///
/// - Throws: `unsupported` for a file that the user named and that is not text.
func detectFormat(_ source: ByteSource, of file: CorpusFile) throws -> CorpusFormat? {
    var head = try source.peek(headBytes)[...]
    let isCut = head.count == headBytes
    if head.starts(with: [0xEF, 0xBB, 0xBF]) { head = head.dropFirst(3) }
    head = head.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    func begins(_ word: String) -> Bool {
        String(decoding: head.prefix(word.utf8.count), as: UTF8.self).lowercased() == word
    }

    if begins("<doc>") || begins("<doc id=") { return .trec }
    if !file.wasNamed { return nil }
    if begins("%pdf-") { return .pdf }
    if head.contains(0) {
        throw TrawlError(
            .unsupported, "is not text", path: source.name,
            remedy: "name text, or say the format")
    }
    if begins("<!doctype html") || begins("<html") { return .html }
    if begins("{") { return .jsonLines }
    if begins("["), head.dropFirst().first(where: { $0 > 0x20 }) == UInt8(ascii: "{") { return .json }
    if begins("from "), hasMailHeader(head) { return .mbox }
    if isTable(head, isCut: isCut) { return .tsv }
    return file.path == nil ? .lines : .text
}

/// True when a line begins with a header field that every message has.
private func hasMailHeader(_ head: ArraySlice<UInt8>) -> Bool {
    head.split(separator: 10).contains { line in
        ["from: ", "date: ", "subject: "].contains {
            String(decoding: line.prefix($0.utf8.count), as: UTF8.self).lowercased() == $0
        }
    }
}

/// True when all lines have tabs, and as many of them: a tab in a text makes no table.
private func isTable(_ head: ArraySlice<UInt8>, isCut: Bool) -> Bool {
    var lines = head.split(separator: 10, omittingEmptySubsequences: true)
    if isCut, lines.count > 1 { lines.removeLast() }
    let tabs = lines.map { $0.count { $0 == 9 } }
    return (tabs.first ?? 0) > 0 && tabs.allSatisfy { $0 == tabs.first }
}
