import TrawlCore

/// Makes a BPE model of a vocabulary and its merges.
struct BytePairBuilder {
    let vocabulary: ByteTable
    var options: BytePairEncoding.Options

    /// Byte-level models that a `ByteLevel` stage feeds last work on raw bytes, and that stage no longer writes them.
    func build(
        _ pairs: [(String, String)], _ preTokenizers: [PreTokenizer]
    ) throws -> (Pipeline.Model, [PreTokenizer]) {
        var preTokenizers = preTokenizers
        var options = options
        var symbols = vocabulary
        let isPlain =
            options.continuingPrefix.isEmpty && options.endOfWordSuffix.isEmpty && !options.fallsBackToBytes
        let byteLevels = preTokenizers.filter { if case .byteLevel = $0 { true } else { false } }.count
        if isPlain, byteLevels == 1, let last = preTokenizers.last,
            case .byteLevel(let addsPrefixSpace, let pattern, _) = last
        {
            options.isByteLevel = true
            preTokenizers[preTokenizers.count - 1] = .byteLevel(
                addsPrefixSpace: addsPrefixSpace, pattern: pattern, writesBytes: false)
            symbols = rawBytes()
        }
        let merges = try mergeTable(pairs)
        return (
            .bpe(BytePairEncoding(symbols: symbols, merges: merges, options: options), vocabulary: vocabulary),
            preTokenizers
        )
    }

    /// The vocabulary with every token as the bytes it stands for; tokens that stand for none are left out.
    private func rawBytes() -> ByteTable {
        var table = ByteTable(capacity: vocabulary.count)
        for id in 0..<TokenID(vocabulary.idLimit) {
            guard let bytes = vocabulary.withBytes(of: id, ByteAlphabet.decode) ?? nil else { continue }
            _ = bytes.withUnsafeBufferPointer { table.insert($0, id: id) }
        }
        return table
    }

    private func mergeTable(_ pairs: [(String, String)]) throws -> MergeTable {
        let prefix = options.continuingPrefix.utf8.count
        var table = MergeTable(capacity: pairs.count)
        for (rank, (left, right)) in pairs.enumerated() {
            guard let first = vocabulary.find(left), let second = vocabulary.find(right) else {
                let absent = vocabulary.find(left) == nil ? left : right
                throw TokenizerFile.corrupted("merge \(rank) names '\(absent)', which is not in the vocabulary")
            }
            let joined = Array(left.utf8) + right.utf8.dropFirst(prefix)
            guard let merged = joined.withUnsafeBufferPointer({ vocabulary.find($0) }) else {
                throw TokenizerFile.corrupted("merge \(rank) makes '\(left)\(right)', which is not in the vocabulary")
            }
            table.insert(first, second, rank: UInt32(truncatingIfNeeded: rank), token: merged)
        }
        return table
    }
}

extension Pipeline {
    /// A short text after all normalisers, as added tokens are looked for.
    static func normalize(_ text: String, _ normalizers: [Normalizer]) -> String {
        var aligned = AlignedText()
        var memo = ScalarMemo()
        var text = text
        text.withUTF8 { aligned.load($0, base: 0, isTracking: false) }
        for normalizer in normalizers { normalizer.apply(to: &aligned, &memo) }
        return String(decoding: aligned.bytes, as: UTF8.self)
    }

    /// Roles by the names that models give such tokens; `tokenizer.json` itself does not tell them.
    func guessSpecialTokens(unknown: TokenID?) -> Tokenizer.SpecialTokens {
        func first(_ names: [String]) -> TokenID? {
            for name in names { if let id = added.find(name) { return id } }
            return nil
        }
        var tokens = Tokenizer.SpecialTokens()
        tokens.unk = unknown ?? first(["[UNK]", "<unk>"])
        tokens.cls = first(["[CLS]", "<s>", "<cls>"])
        tokens.sep = first(["[SEP]", "</s>", "<sep>"])
        tokens.mask = first(["[MASK]", "<mask>"])
        tokens.pad = first(["[PAD]", "<pad>", "<|pad|>", "<|endoftext|>", "<|finetune_right_pad_id|>"])
        tokens.bos = first(["<s>", "<bos>", "<|begin_of_text|>", "<|im_start|>", "<|endoftext|>"])
        tokens.eos = first(["</s>", "<eos>", "<|eot_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>"])
        return tokens
    }
}
