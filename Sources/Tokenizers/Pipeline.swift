import TrawlCore

/// The stages that a text goes through: added tokens, normalisers, pre-tokenizers, model; post-processor and decoder.
struct Pipeline: Sendable {
    var added: AddedVocabulary
    var normalizers: [Normalizer]
    var preTokenizers: [PreTokenizer]
    var model: Model
    var postProcessor: PostProcessor
    var decoder: DecoderChain

    enum Model: Sendable {
        case wordPiece(WordPiece)
        /// The vocabulary as written and, for byte-level models, the model over raw bytes.
        case bpe(BytePairEncoding, vocabulary: ByteTable)
        case unigram(Unigram)

        var vocabulary: ByteTable {
            switch self {
            case .wordPiece(let model): model.vocabulary
            case .bpe(_, let vocabulary): vocabulary
            case .unigram(let model): model.vocabulary
            }
        }
    }

    var idLimit: Int { max(model.vocabulary.idLimit, added.idLimit) }

    func token(_ id: TokenID) -> String? { added.content(id) ?? model.vocabulary.string(id) }

    /// Leaves the tokens of `text` in the workspace's output, with offsets of the original text when tracking.
    ///
    /// - Parameter splitsSpecial: whether the names of special tokens in the text are text like any other.
    func run(_ text: String, isTracking: Bool, splitsSpecial: Bool, _ workspace: inout Workspace) {
        workspace.output.clear(isTracking: isTracking)
        var text = text
        text.withUTF8 { bytes in
            var matches: [AddedVocabulary.Match] = []
            added.verbatim.split(bytes, 0..<bytes.count, skipsSpecial: splitsSpecial, into: &matches)
            for match in matches {
                if let id = match.id {
                    workspace.output.append(id, match.range.lowerBound, match.range.upperBound)
                } else {
                    encode(bytes, match.range, isTracking, splitsSpecial, &workspace)
                }
            }
        }
    }

    private func encode(
        _ original: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ isTracking: Bool, _ splitsSpecial: Bool,
        _ workspace: inout Workspace
    ) {
        // Some pre-tokenizers ask whether a piece stands at the start of the original text.
        let needsOffsets = isTracking || preTokenizers.contains(where: \.needsOffsets)
        workspace.text.load(.init(rebasing: original[range]), base: range.lowerBound, isTracking: needsOffsets)
        for normalizer in normalizers { normalizer.apply(to: &workspace.text, &workspace.memo) }
        workspace.pieces.removeAll(keepingCapacity: true)
        workspace.text.bytes.withUnsafeBufferPointer { bytes in
            if added.normalized.isEmpty {
                if !bytes.isEmpty { workspace.pieces.append(Piece(start: 0, end: bytes.count)) }
                return
            }
            var matches: [AddedVocabulary.Match] = []
            added.normalized.split(bytes, 0..<bytes.count, skipsSpecial: splitsSpecial, into: &matches)
            for match in matches where !match.range.isEmpty {
                workspace.pieces.append(
                    Piece(start: match.range.lowerBound, end: match.range.upperBound, token: match.id))
            }
        }
        for preTokenizer in preTokenizers {
            preTokenizer.apply(to: &workspace.text, &workspace.pieces, &workspace.newPieces, &workspace.regexStack)
        }
        let first = workspace.output.count
        workspace.text.bytes.withUnsafeBufferPointer { bytes in
            switch model {
            case .wordPiece(let model):
                for piece in workspace.pieces {
                    if let id = piece.token {
                        workspace.output.append(id, piece.start, piece.end)
                    } else {
                        model.encode(bytes, piece.start..<piece.end, into: &workspace.output)
                    }
                }
            case .bpe(let model, _):
                for piece in workspace.pieces {
                    if let id = piece.token {
                        workspace.output.append(id, piece.start, piece.end)
                    } else {
                        model.encode(
                            bytes, piece.start..<piece.end, &workspace.merge, &workspace.cache,
                            into: &workspace.output)
                    }
                }
            case .unigram(let model):
                for piece in workspace.pieces {
                    if let id = piece.token {
                        workspace.output.append(id, piece.start, piece.end)
                    } else if splitsSpecial {
                        for part in added.cutNames(in: bytes, piece.start..<piece.end) {
                            model.encode(bytes, part, &workspace.lattice, into: &workspace.output)
                        }
                    } else {
                        model.encode(bytes, piece.start..<piece.end, &workspace.lattice, into: &workspace.output)
                    }
                }
            }
        }
        workspace.output.resolve(from: first, in: workspace.text)
    }

    /// Takes white space off the offsets where the post-processor says so.
    func trim(_ encoding: inout Encoding, _ text: String) {
        guard !postProcessor.trims.isEmpty else { return }
        var text = text
        text.withUTF8 { bytes in
            for addsPrefixSpace in postProcessor.trims {
                for index in encoding.ids.indices {
                    let range = encoding.offsets[index]
                    // An added token counts as it stands in the text, with the spaces that it takes along.
                    let isAdded = added.content(encoding.ids[index]) != nil
                    guard
                        let token = isAdded ? String(decoding: bytes[range], as: UTF8.self) : token(encoding.ids[index])
                    else { continue }
                    encoding.offsets[index] = PostProcessor.trim(
                        range, token, isFirst: index == 0 || range.lowerBound == 0, addsPrefixSpace, bytes)
                }
            }
        }
    }
}

/// A part of the normalised text: one to cut into tokens, or an added token.
struct Piece {
    var start: Int
    var end: Int
    var token: TokenID?

    init(start: Int, end: Int, token: TokenID? = nil) {
        self.start = start
        self.end = end
        self.token = token
    }
}

/// The buffers of one call, kept for the next.
struct Workspace {
    var text = AlignedText()
    var pieces: [Piece] = []
    var newPieces: [Piece] = []
    var output = TokenBuffer()
    var merge = MergeWork()
    var cache = WordCache()
    var lattice: [Unigram.Node] = []
    var regexStack = RegexStack()
    var memo = ScalarMemo()
}
