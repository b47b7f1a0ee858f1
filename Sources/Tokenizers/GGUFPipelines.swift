import TrawlCore

/// What llama.cpp's names of pre-tokenizers stand for.
enum GGUFPreTokenizers {
    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    private static let gpt4o =
        #"[^\r\n\p{L}\p{N}]?\#(upper)*\#(lower)+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
        + #"|[^\r\n\p{L}\p{N}]?\#(upper)+\#(lower)*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
        + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The stages for `name`, whether text is composed first, and whether whole words skip the merges.
    static func stages(
        _ name: String
    ) throws -> (preTokenizers: [PreTokenizer], composes: Bool, ignoresMerges: Bool) {
        func bytes(_ pattern: String?) throws -> PreTokenizer {
            .byteLevel(
                addsPrefixSpace: false, pattern: try pattern.map { try RegularExpression($0) }, writesBytes: true)
        }
        func split(_ pattern: String) throws -> PreTokenizer {
            .split(.expression(try RegularExpression(pattern)), .isolated, isInverted: false)
        }
        switch name {
        case "gpt-2", "gpt2", "mpt", "olmo", "jais", "trillion", "granite-docling", "phi-2", "roberta-bpe":
            return ([try bytes(ComponentReader.gpt2Words)], false, false)
        case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone":
            return ([.digits(individually: true), try bytes(ComponentReader.gpt2Words)], false, false)
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2":
            return ([try split(llama3), try bytes(nil)], false, true)
        case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe":
            return ([try split(llama3), try bytes(nil)], false, false)
        case "qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez":
            return ([try split(qwen2), try bytes(nil)], name == "qwen2" || name == "deepseek-r1-qwen", false)
        case "gpt-4o", "llama4", "o200k":
            return ([try split(gpt4o), try bytes(nil)], false, name == "llama4")
        case "default":
            return (
                [
                    try split(#"[\p{P}\$\+<=>\^~\|]+"#), try split(ComponentReader.gpt2Words), try split(#"\p{N}+"#),
                    try split("[0-9][0-9][0-9]"), try bytes(nil),
                ], false, false
            )
        default:
            throw TrawlError(
                .unsupported, "the GGUF names the pre-tokenizer '\(name)', which is not known here",
                remedy: "use the model's tokenizer.json")
        }
    }
}

extension GGUFVocabulary {
    private enum TokenType {
        static let unknown = 2
        static let control = 3
        static let userDefined = 4
    }

    /// - Parameter digest: that of the vocabulary, where it is known.
    func definition(digest known: String? = nil) throws -> TokenizerDefinition {
        do {
            try check()
            let pipeline: Pipeline =
                switch model {
                case "gpt2": try byteLevelPipeline()
                case "llama": try sentencePiecePipeline()
                case "bert": try wordPiecePipeline()
                case "t5": try unigramPipeline()
                default: throw TokenizerFile.unsupported("the GGUF's tokenizer is of the kind '\(model)'")
                }
            var definition = TokenizerDefinition(pipeline: pipeline)
            definition.specialTokens.bos = bosID
            definition.specialTokens.eos = eosID
            definition.specialTokens.unk = unkID
            definition.specialTokens.pad = padID
            definition.specialTokens.sep = sepID
            definition.specialTokens.cls = clsID
            definition.specialTokens.mask = maskID
            definition.digest = known ?? digest()
            return definition
        } catch let error as TrawlError {
            throw path.map { error.at(path: $0) } ?? error
        }
    }

    private func check() throws {
        guard !tokens.isEmpty else { throw TokenizerFile.corrupted("the GGUF's tokenizer has no tokens") }
        guard tokens.count <= ByteTable.greatestID else {
            throw TokenizerFile.corrupted("the GGUF's tokenizer has \(tokens.count) tokens, too many")
        }
        for (name, count) in [("scores", scores.count), ("token types", tokenTypes.count)]
        where count != 0 && count != tokens.count {
            throw TokenizerFile.corrupted("the GGUF has \(tokens.count) tokens but \(count) \(name)")
        }
        guard !scores.contains(where: \.isNaN) else {
            throw TokenizerFile.corrupted("a token of the GGUF has a score that is not a number")
        }
        let ids = [bosID, eosID, unkID, padID, sepID, clsID, maskID]
        for case let id? in ids where Int(id) >= tokens.count {
            throw TokenizerFile.corrupted("the GGUF names a special token \(id), but has \(tokens.count) tokens")
        }
    }

    private func table(_ tokens: [String]) throws -> ByteTable {
        var table = ByteTable(capacity: tokens.count)
        for (id, token) in tokens.enumerated() where !table.insert(token, id: TokenID(id)) {
            throw TokenizerFile.corrupted("the token '\(token)' (\(id)) occurs twice in the GGUF")
        }
        return table
    }

    /// Control tokens are special; user-defined ones are cut out of the text but are text themselves.
    private func added() -> AddedVocabulary {
        let list = tokenTypes.enumerated().compactMap { id, type -> AddedVocabulary.Token? in
            guard type == TokenType.control || type == TokenType.userDefined || type == TokenType.unknown else {
                return nil
            }
            return AddedVocabulary.Token(
                id: TokenID(id), content: tokens[id], isSpecial: type != TokenType.userDefined)
        }
        return AddedVocabulary(list) { $0 }
    }

    private func template(bos: Bool, eos: Bool) -> PostProcessor {
        var result = PostProcessor()
        let first = addBOS ?? bos ? bosID : nil
        let last = addEOS ?? eos ? eosID : nil
        guard first != nil || last != nil else { return result }
        func part(_ id: TokenID?, _ typeID: UInt8) -> [PostProcessor.Part] {
            id.map { [.special(ids: [$0], typeID: typeID)] } ?? []
        }
        result.single = part(first, 0) + [.text(second: false, typeID: 0)] + part(last, 0)
        result.pair = (result.single ?? []) + part(first, 1) + [.text(second: true, typeID: 1)] + part(last, 1)
        return result
    }

    private func byteLevelPipeline() throws -> Pipeline {
        let stages = try GGUFPreTokenizers.stages(preTokenizer ?? "default")
        var options = BytePairEncoding.Options()
        options.ignoresMerges = stages.ignoresMerges
        let pairs = try merges.enumerated().map { index, merge -> (String, String) in
            // A token may begin with a space only where the vocabulary is not byte-level, so the first space parts.
            guard let space = merge.utf8.dropFirst().firstIndex(of: 0x20) else {
                throw TokenizerFile.corrupted("merge \(index) '\(merge)' of the GGUF has no space")
            }
            return (String(merge[..<space]), String(merge[merge.utf8.index(after: space)...]))
        }
        let (model, preTokenizers) = try BytePairBuilder(vocabulary: try table(tokens), options: options)
            .build(pairs, stages.preTokenizers)
        return Pipeline(
            added: added(), normalizers: stages.composes ? [.form(.nfc)] : [], preTokenizers: preTokenizers,
            model: model, postProcessor: template(bos: false, eos: false), decoder: DecoderChain(steps: [.byteLevel]))
    }

    /// SentencePiece merges the pair whose union has the greatest score: every way to part a token is a merge.
    private func sentencePiecePipeline() throws -> Pipeline {
        guard !scores.isEmpty else { throw TokenizerFile.corrupted("the GGUF's tokenizer has no scores") }
        let vocabulary = try table(tokens)
        let order = Set(scores.map { $0 == 0 ? 0 : $0 }).sorted(by: >)
        var ranks: [Float: UInt32] = [:]
        for (rank, score) in order.enumerated() { ranks[score] = UInt32(rank) }
        var found: [(left: TokenID, right: TokenID, rank: UInt32, token: TokenID)] = []
        for id in 0..<TokenID(tokens.count) {
            let type = tokenTypes.isEmpty ? 1 : tokenTypes[Int(id)]
            guard type == 1 || type == TokenType.userDefined else { continue }
            _ = vocabulary.withBytes(of: id) { bytes in
                for cut in 1..<max(bytes.count, 1) where bytes[cut] & 0xC0 != 0x80 {
                    if let left = vocabulary.find(.init(rebasing: bytes[..<cut])),
                        let right = vocabulary.find(.init(rebasing: bytes[cut...]))
                    {
                        found.append((left, right, ranks[scores[Int(id)] == 0 ? 0 : scores[Int(id)]] ?? .max - 1, id))
                    }
                }
            }
        }
        var table = MergeTable(capacity: found.count)
        for merge in found { table.insert(merge.left, merge.right, rank: merge.rank, token: merge.token) }
        var options = BytePairEncoding.Options()
        options.unknown = unkID
        options.fusesUnknown = true
        options.fallsBackToBytes = true
        let prefixes = addSpacePrefix ?? true
        var steps: [DecoderChain.Step] = [
            .replace(.string(Array("▁".utf8)), with: " "), .byteFallback, .fuse,
        ]
        if prefixes { steps.append(.strip(content: " ", start: 1, stop: 0)) }
        return Pipeline(
            added: added(),
            normalizers: (prefixes ? [.prepend("▁")] : []) + [.replace(.string([0x20]), with: "▁")], preTokenizers: [],
            model: .bpe(BytePairEncoding(symbols: vocabulary, merges: table, options: options), vocabulary: vocabulary),
            postProcessor: template(bos: true, eos: false), decoder: DecoderChain(steps: steps))
    }

    /// The converter of llama.cpp writes `word` as `▁word` and `##ing` as `ing`; this turns it back.
    private func wordPiecePipeline() throws -> Pipeline {
        let added = added()
        let marked = tokens.enumerated().map { id, token -> String in
            if added.content(TokenID(id)) != nil || (token.hasPrefix("[") && token.hasSuffix("]")) { return token }
            if token.unicodeScalars.first == "▁" {
                var rest = String.UnicodeScalarView()
                rest.append(contentsOf: token.unicodeScalars.dropFirst())
                return String(rest)
            }
            return "##" + token
        }
        let vocabulary = try table(marked)
        guard let unknown = unkID ?? vocabulary.find("[UNK]") else {
            throw TokenizerFile.corrupted("the GGUF names no unknown token")
        }
        var processor = PostProcessor()
        if let cls = clsID ?? bosID, let sep = sepID ?? eosID {
            let first: [PostProcessor.Part] = [
                .special(ids: [cls], typeID: 0), .text(second: false, typeID: 0), .special(ids: [sep], typeID: 0),
            ]
            processor.single = first
            processor.pair = first + [.text(second: true, typeID: 1), .special(ids: [sep], typeID: 1)]
        }
        let normalizer = BertNormalizer(
            cleansText: true, separatesIdeographs: true, stripsAccents: true, lowercases: true)
        return Pipeline(
            added: added, normalizers: [.bert(normalizer)], preTokenizers: [.bert],
            model: .wordPiece(
                WordPiece(vocabulary: vocabulary, unknown: unknown, prefix: "##", longestWord: 100)),
            postProcessor: processor, decoder: DecoderChain(steps: [.wordPiece(prefix: "##", cleansUp: true)]))
    }

    private func unigramPipeline() throws -> Pipeline {
        guard !scores.isEmpty else { throw TokenizerFile.corrupted("the GGUF's tokenizer has no scores") }
        var normalizers: [Normalizer] = []
        if !precompiledCharsMap.isEmpty { normalizers.append(.charactersMap(try CharactersMap(precompiledCharsMap))) }
        if removeExtraWhitespaces ?? true {
            normalizers.append(.strip(left: true, right: true))
            normalizers.append(.replace(.expression(try RegularExpression(" {2,}")), with: " "))
        }
        let unigram = Unigram(
            vocabulary: try table(tokens), scores: scores.map(Double.init), unknown: unkID, fallsBackToBytes: false)
        let scheme: PreTokenizer.PrependScheme = addSpacePrefix ?? true ? .always : .never
        return Pipeline(
            added: added(), normalizers: normalizers,
            preTokenizers: [.metaspace(replacement: 0x2581, scheme, splits: true)], model: .unigram(unigram),
            postProcessor: template(bos: false, eos: true),
            decoder: DecoderChain(steps: [.metaspace(replacement: "▁", dropsFirst: scheme != .never)]))
    }

    private func digest() -> String {
        var hash = SHA256()
        func update(_ list: [String]) {
            hash.update(UInt64(list.count))
            for text in list {
                hash.update(UInt64(text.utf8.count))
                hash.update(text)
            }
        }
        update(["gguf", model, preTokenizer ?? ""])
        update(tokens)
        update(merges)
        for score in scores { hash.update(UInt64(score.bitPattern)) }
        for type in tokenTypes { hash.update(UInt64(bitPattern: Int64(type))) }
        for id in [bosID, eosID, unkID, padID, sepID, clsID, maskID] { hash.update(id.map { UInt64($0) + 1 } ?? 0) }
        for flag in [addBOS, addEOS, addSpacePrefix, removeExtraWhitespaces] {
            hash.update(flag.map { $0 ? 2 : 1 } ?? 0)
        }
        precompiledCharsMap.withUnsafeBufferPointer { hash.update($0) }
        return hash.digest()
    }
}
