import TrawlCore
import TrawlLexicalIndex
import TrawlSenses
import TrawlStore
import TrawlTokenizers

extension SearchIndex {
    static let sensesName = "senses"

    private struct Learnt: Sendable { let senses: IndexSenses? }

    /// The senses of words that were learnt from the index; nil when none were.
    ///
    /// - Throws: `TrawlError.corrupted` for those that are damaged.
    public func senses() throws -> IndexSenses? {
        do {
            return try once("senses") {
                Learnt(senses: try snapshot.metadata(Self.sensesName).map { try IndexSenses(decoding: $0) })
            }.senses
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
    }

    /// Whether senses were learnt from the index, sound or not.
    public func hasSenses() throws -> Bool { try snapshot.metadata(Self.sensesName) != nil }

    /// The senses, where there must be some.
    ///
    /// - Throws: `TrawlError.invalidInput` when none were learnt.
    public func requiredSenses() throws -> IndexSenses {
        guard let senses = try senses() else {
            throw TrawlError(
                .invalidInput, "no senses were learnt from the index", path: path, remedy: "learn them", topic: .senses)
        }
        return senses
    }

    /// SHA-256 over the ids and the lengths of all documents, in their order: another one when documents were added, replaced
    /// or deleted, and the same after segments were merged.
    ///
    /// - Complexity: O(documents); no text is read.
    public func documentDigest() throws -> String {
        var hash = SHA256()
        for segment in documents.segments {
            for local in 0..<segment.reader.info.documentCount where !segment.isDead(document: local) {
                let record = try segment.record(local)
                let id = try segment.string(at: Int(record.offset), count: record.idBytes)
                Array("\(id)\n\(record.titleBytes) \(record.textBytes)\n".utf8).withUnsafeBufferPointer {
                    hash.update($0)
                }
            }
        }
        return hash.digest()
    }

    /// The word of `senses` that `text` is.
    ///
    /// - Throws: `TrawlError.invalidInput` for text that is not one word, or one that has no senses.
    public func word(_ text: String, in senses: IndexSenses) throws -> Int {
        let terms = try Analyzer(recipe.lexical.analysis).terms(of: text)
        guard terms.count == 1 else {
            throw TrawlError(
                .invalidInput,
                terms.isEmpty ? "\"\(text)\" is a word that is not indexed" : "\"\(text)\" is more than one word",
                path: path, remedy: "give one word", topic: .senseList)
        }
        guard let word = senses.model.number(of: terms[0]) else {
            throw TrawlError(
                .notFound, "the word \"\(text)\" occurs too rarely for its senses to have been learnt", path: path,
                remedy: "name a more frequent word, or learn rarer words too", topic: .senses)
        }
        return word
    }
}

extension Engine {
    /// Stores senses in the index in the folder `path`, in one commit.
    ///
    /// - Throws: `TrawlError` when the index cannot be written; it is then as it was.
    public func setSenses(_ senses: IndexSenses, of path: String) throws {
        let bytes = try senses.encoded()
        _ = try open(path)
        try IndexUpdater(path: path, parts: parts).store {
            $0.setMetadata(SearchIndex.sensesName, bytes: bytes)
        }
    }
}
