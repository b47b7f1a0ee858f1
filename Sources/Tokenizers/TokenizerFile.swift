import TrawlCore

/// Reads `tokenizer.json`: the file as a whole and the model; `ComponentReader` reads the stages around it.
struct TokenizerFile {
    static func read(_ path: String) throws -> TokenizerDefinition {
        do {
            return try TokenizerFile.definition(try JSON(contentsOf: path))
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
    }

    static func corrupted(_ message: String) -> TrawlError {
        TrawlError(.corrupted, message, remedy: "download the tokenizer again")
    }

    static func unsupported(_ message: String) -> TrawlError {
        TrawlError(.unsupported, message, remedy: "use a model with another tokenizer, or report this one to us")
    }

    /// - Parameter digest: that of the file, where it is known; it takes a third of the time.
    static func definition(_ root: JSON, digest: String? = nil) throws -> TokenizerDefinition {
        guard root.members != nil else { throw corrupted("the document is no object") }
        guard let modelValue = root["model"] else { throw corrupted("the member 'model' is missing") }
        let preTokenizers = try ComponentReader.preTokenizers(root["pre_tokenizer"])
        let normalizers = try ComponentReader.normalizers(root["normalizer"])
        let (model, finalPreTokenizers) = try self.model(modelValue, preTokenizers)
        let added = try addedTokens(root["added_tokens"], model.vocabulary)
        let pipeline = Pipeline(
            added: AddedVocabulary(added) { Pipeline.normalize($0, normalizers) }, normalizers: normalizers,
            preTokenizers: finalPreTokenizers, model: model,
            postProcessor: try ComponentReader.postProcessor(root["post_processor"]),
            decoder: DecoderChain(steps: try root["decoder"].map(ComponentReader.decoders)))
        var definition = TokenizerDefinition(pipeline: pipeline)
        definition.specialTokens = pipeline.guessSpecialTokens(
            unknown: modelValue["unk_token"]?.string.flatMap(model.vocabulary.find)
                ?? modelValue["unk_id"]?.count.flatMap { TokenID(exactly: $0) })
        definition.digest = digest ?? self.digest(root)
        return definition
    }

    private static func digest(_ root: JSON) -> String {
        var hash = SHA256()
        let members = (root.members ?? []).filter { !["truncation", "padding", "version"].contains($0.name) }
        JSON.object(members).hash(into: &hash)
        return hash.digest()
    }

    // MARK: Vocabulary

    static func checkedID(
        _ value: JSON, _ token: String, greatest: Int = ByteTable.greatestID
    ) throws -> TokenID {
        guard let id = value.count else { throw corrupted("the token '\(token)' has an id that is no whole number") }
        guard id <= greatest else {
            throw corrupted("the token '\(token)' has the id \(id), above \(greatest)")
        }
        return TokenID(id)
    }

    /// Ids may leave holes, as those of several published tokenizers do, but no two tokens may share one.
    private static func vocabulary(_ model: JSON) throws -> ByteTable {
        guard let members = model["vocab"]?.members else { throw corrupted("the model's 'vocab' is missing") }
        guard !members.isEmpty else { throw corrupted("the model's 'vocab' is empty") }
        // The table has an entry for every id up to the greatest: holes must not outnumber tokens by far.
        let greatest = min(ByteTable.greatestID, max(1 << 20, 8 * members.count))
        var table = ByteTable(capacity: members.count)
        for member in members {
            let token = member.name
            let id = try checkedID(member.value, token, greatest: greatest)
            guard table.insert(token, id: id) else {
                throw corrupted("the token '\(token)' with the id \(id) repeats a token or an id")
            }
        }
        return table
    }

    private static func addedTokens(_ value: JSON?, _ vocabulary: ByteTable) throws -> [AddedVocabulary.Token] {
        var seen: Set<TokenID> = []
        return try (value?.array ?? []).map { entry in
            guard let content = entry["content"]?.string, let idValue = entry["id"] else {
                throw corrupted("an added token has no 'content' or no 'id'")
            }
            let id = try checkedID(idValue, content)
            if let known = vocabulary.find(content), known != id {
                throw corrupted("the added token '\(content)' has the id \(id), in the vocabulary \(known)")
            }
            if vocabulary.find(content) == nil, let other = vocabulary.string(id) {
                throw corrupted("the added token '\(content)' has the id \(id), which is that of '\(other)'")
            }
            guard seen.insert(id).inserted else { throw corrupted("two added tokens have the id \(id)") }
            return AddedVocabulary.Token(
                id: id, content: content, isSpecial: entry["special"]?.bool ?? false,
                isSingleWord: entry["single_word"]?.bool ?? false, stripsLeft: entry["lstrip"]?.bool ?? false,
                stripsRight: entry["rstrip"]?.bool ?? false, isNormalized: entry["normalized"]?.bool ?? true)
        }
    }

    // MARK: Models

    private static func model(
        _ value: JSON, _ preTokenizers: [PreTokenizer]
    ) throws -> (Pipeline.Model, [PreTokenizer]) {
        // Old files leave the type out.
        let type = value["type"]?.string ?? (value["merges"] != nil ? "BPE" : "?")
        switch type {
        case "WordPiece":
            let vocabulary = try vocabulary(value)
            let unknown = value["unk_token"]?.string ?? "[UNK]"
            guard let id = vocabulary.find(unknown) else {
                throw corrupted("the unknown token '\(unknown)' is not in the vocabulary")
            }
            let model = WordPiece(
                vocabulary: vocabulary, unknown: id, prefix: value["continuing_subword_prefix"]?.string ?? "##",
                longestWord: value["max_input_chars_per_word"]?.count ?? 100)
            return (.wordPiece(model), preTokenizers)
        case "BPE": return try bytePairEncoding(value, preTokenizers)
        case "Unigram": return (.unigram(try unigram(value)), preTokenizers)
        default: throw unsupported("the model is of the type '\(type)', not WordPiece, BPE or Unigram")
        }
    }

    private static func bytePairEncoding(
        _ value: JSON, _ preTokenizers: [PreTokenizer]
    ) throws -> (Pipeline.Model, [PreTokenizer]) {
        let vocabulary = try vocabulary(value)
        guard let merges = value["merges"]?.array else { throw corrupted("the model's 'merges' are missing") }
        var pairs: [(String, String)] = []
        pairs.reserveCapacity(merges.count)
        for (index, merge) in merges.enumerated() {
            if let text = merge.string {
                guard let space = text.utf8.firstIndex(of: 0x20) else {
                    throw corrupted("merge \(index) '\(text)' has no space")
                }
                pairs.append((String(text[..<space]), String(text[text.utf8.index(after: space)...])))
            } else if let two = merge.array, two.count == 2, let left = two[0].string, let right = two[1].string {
                pairs.append((left, right))
            } else {
                throw corrupted("merge \(index) is no pair of tokens")
            }
        }
        var options = BytePairEncoding.Options()
        if let unknown = value["unk_token"]?.string {
            options.unknown = vocabulary.find(unknown)
            guard options.unknown != nil else {
                throw corrupted("the unknown token '\(unknown)' is not in the vocabulary")
            }
        }
        options.fusesUnknown = value["fuse_unk"]?.bool ?? false
        options.fallsBackToBytes = value["byte_fallback"]?.bool ?? false
        options.ignoresMerges = value["ignore_merges"]?.bool ?? false
        options.continuingPrefix = value["continuing_subword_prefix"]?.string ?? ""
        options.endOfWordSuffix = value["end_of_word_suffix"]?.string ?? ""
        return try BytePairBuilder(vocabulary: vocabulary, options: options).build(pairs, preTokenizers)
    }

    private static func unigram(_ value: JSON) throws -> Unigram {
        guard let entries = value["vocab"]?.array, !entries.isEmpty else {
            throw corrupted("the model's 'vocab' is missing or empty")
        }
        guard entries.count <= ByteTable.greatestID else { throw corrupted("the vocabulary is too large") }
        var table = ByteTable(capacity: entries.count)
        var scores: [Double] = []
        for (index, entry) in entries.enumerated() {
            guard let two = entry.array, two.count == 2, let token = two[0].string, let score = two[1].double else {
                throw corrupted("entry \(index) of the vocabulary is no pair of token and score")
            }
            guard table.insert(token, id: TokenID(index)) else {
                throw corrupted("the token '\(token)' occurs twice in the vocabulary")
            }
            scores.append(score)
        }
        let unknown = value["unk_id"]?.count
        if let unknown, unknown >= entries.count { throw corrupted("the unknown token has the id \(unknown)") }
        return Unigram(
            vocabulary: table, scores: scores, unknown: unknown.map { TokenID($0) },
            fallsBackToBytes: value["byte_fallback"]?.bool ?? false)
    }
}
