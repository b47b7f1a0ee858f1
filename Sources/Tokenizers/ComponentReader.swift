import Foundation
import TrawlCore

/// Reads the stages of `tokenizer.json` around the model. Sequences are flattened.
enum ComponentReader {
    /// GPT-2's words (Radford et al. 2019).
    static let gpt2Words = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    private static func type(_ value: JSON, _ stage: String) throws -> String {
        guard let type = value["type"]?.string else { throw TokenizerFile.corrupted("a \(stage) has no 'type'") }
        return type
    }

    private static func members(_ value: JSON, _ name: String, _ stage: String) throws -> [JSON] {
        guard let list = value[name]?.array else {
            throw TokenizerFile.corrupted("a sequence of \(stage)s has no '\(name)'")
        }
        return list
    }

    private static func unknown(_ type: String, _ stage: String) -> TrawlError {
        TokenizerFile.unsupported("the \(stage) is of the type '\(type)', which is not known here")
    }

    private static func text(_ value: JSON, _ name: String, _ stage: String) throws -> String {
        guard let text = value[name]?.string else {
            throw TokenizerFile.corrupted("a \(stage) has no '\(name)'")
        }
        return text
    }

    private static func scalar(_ value: JSON, _ name: String, _ stage: String) throws -> Unicode.Scalar {
        let text = try text(value, name, stage)
        guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
            throw TokenizerFile.corrupted("the '\(name)' of a \(stage) is not one character")
        }
        return scalar
    }

    private static func pattern(_ value: JSON?, _ stage: String) throws -> TextPattern {
        if let text = value?.string ?? value?["String"]?.string { return .string(Array(text.utf8)) }
        if let text = value?["Regex"]?.string { return .expression(try RegularExpression(text)) }
        throw TokenizerFile.corrupted("the pattern of a \(stage) is neither text nor expression")
    }

    private static func behavior(_ value: JSON, _ stage: String) throws -> SplitBehavior {
        guard let name = value["behavior"]?.string else { return .isolated }
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw TokenizerFile.corrupted("a \(stage) has the behaviour '\(name)'")
        }
        return behavior
    }

    // MARK: Normalisers

    static func normalizers(_ value: JSON?) throws -> [Normalizer] {
        guard let value else { return [] }
        let stage = "normalizer"
        let type = try type(value, stage)
        switch type {
        case "Sequence": return try members(value, "normalizers", stage).flatMap(normalizers)
        case "BertNormalizer":
            let lowercases = value["lowercase"]?.bool ?? true
            return [
                .bert(
                    BertNormalizer(
                        cleansText: value["clean_text"]?.bool ?? true,
                        separatesIdeographs: value["handle_chinese_chars"]?.bool ?? true,
                        stripsAccents: value["strip_accents"]?.bool ?? lowercases, lowercases: lowercases))
            ]
        case "Lowercase": return [.lowercase]
        case "StripAccents": return [.stripAccents]
        case "Strip":
            return [.strip(left: value["strip_left"]?.bool ?? true, right: value["strip_right"]?.bool ?? true)]
        case "Replace":
            return [.replace(try pattern(value["pattern"], stage), with: try text(value, "content", stage))]
        case "Prepend": return [.prepend(try text(value, "prepend", stage))]
        case "Nmt": return [.nmt]
        case "ByteLevel": return [.byteLevel]
        case "Precompiled":
            guard let map = value["precompiled_charsmap"]?.string else { return [] }
            guard let data = Data(base64Encoded: map) else {
                throw TokenizerFile.corrupted("the precompiled characters map is not in base 64")
            }
            return data.isEmpty ? [] : [.charactersMap(try CharactersMap([UInt8](data)))]
        default:
            if let form = NormalizationForm(rawValue: type) { return [.form(form)] }
            throw unknown(type, stage)
        }
    }

    // MARK: Pre-tokenizers

    static func preTokenizers(_ value: JSON?) throws -> [PreTokenizer] {
        guard let value else { return [] }
        let stage = "pre-tokenizer"
        let type = try type(value, stage)
        switch type {
        case "Sequence": return try members(value, "pretokenizers", stage).flatMap(preTokenizers)
        case "BertPreTokenizer": return [.bert]
        case "ByteLevel":
            let usesPattern = value["use_regex"]?.bool ?? true
            return [
                .byteLevel(
                    addsPrefixSpace: value["add_prefix_space"]?.bool ?? true,
                    pattern: usesPattern ? try RegularExpression(gpt2Words) : nil, writesBytes: true)
            ]
        case "Split":
            return [
                .split(
                    try pattern(value["pattern"], stage), try behavior(value, stage),
                    isInverted: value["invert"]?.bool ?? false)
            ]
        case "Whitespace": return [.whitespace]
        case "WhitespaceSplit": return [.whitespaceSplit]
        case "Digits": return [.digits(individually: value["individual_digits"]?.bool ?? false)]
        case "Punctuation": return [.punctuation(try behavior(value, stage))]
        case "CharDelimiterSplit": return [.delimiter(try scalar(value, "delimiter", stage).value)]
        case "Metaspace":
            let replacement = try scalar(value, "replacement", stage)
            return [
                .metaspace(
                    replacement: replacement.value, try prependScheme(value), splits: value["split"]?.bool ?? true)
            ]
        default: throw unknown(type, stage)
        }
    }

    /// Old files say `add_prefix_space` where new ones say `prepend_scheme`.
    private static func prependScheme(_ value: JSON) throws -> PreTokenizer.PrependScheme {
        guard let name = value["prepend_scheme"]?.string else {
            return value["add_prefix_space"]?.bool ?? true ? .always : .never
        }
        guard let scheme = PreTokenizer.PrependScheme(rawValue: name) else {
            throw TokenizerFile.corrupted("a Metaspace has the prepend scheme '\(name)'")
        }
        return scheme
    }

    // MARK: Post-processors

    static func postProcessor(_ value: JSON?) throws -> PostProcessor {
        var result = PostProcessor()
        if let value { try read(value, into: &result) }
        return result
    }

    private static func read(_ value: JSON, into result: inout PostProcessor) throws {
        let stage = "post-processor"
        let type = try type(value, stage)
        switch type {
        case "Sequence":
            for member in try members(value, "processors", stage) { try read(member, into: &result) }
        case "ByteLevel":
            if value["trim_offsets"]?.bool ?? true { result.trims.append(value["add_prefix_space"]?.bool ?? true) }
        case "BertProcessing", "RobertaProcessing":
            let isRoberta = type == "RobertaProcessing"
            let cls = PostProcessor.Part.special(ids: [try pairID(value["cls"], type)], typeID: 0)
            let sep = try pairID(value["sep"], type)
            func end(_ typeID: UInt8) -> PostProcessor.Part { .special(ids: [sep], typeID: typeID) }
            if isRoberta, value["trim_offsets"]?.bool ?? true {
                result.trims.append(value["add_prefix_space"]?.bool ?? true)
            }
            let second: UInt8 = isRoberta ? 0 : 1
            let text = PostProcessor.Part.text(second: false, typeID: 0)
            result.single = [cls, text, end(0)]
            result.pair =
                [cls, text, end(0)] + (isRoberta ? [end(0)] : [])
                + [.text(second: true, typeID: second), end(second)]
        case "TemplateProcessing":
            let special = value["special_tokens"]
            result.single = try template(value["single"], special)
            result.pair = try template(value["pair"], special)
        default: throw unknown(type, stage)
        }
    }

    private static func pairID(_ value: JSON?, _ type: String) throws -> TokenID {
        guard let two = value?.array, two.count == 2, let token = two[0].string else {
            throw TokenizerFile.corrupted("a \(type) has no pair of token and id")
        }
        return try TokenizerFile.checkedID(two[1], token)
    }

    private static func template(_ value: JSON?, _ special: JSON?) throws -> [PostProcessor.Part]? {
        guard let parts = value?.array else { return nil }
        return try parts.map { part in
            if let sequence = part["Sequence"], let name = sequence["id"]?.string {
                return .text(
                    second: name == "B", typeID: UInt8(truncatingIfNeeded: sequence["type_id"]?.count ?? 0))
            }
            guard let token = part["SpecialToken"], let name = token["id"]?.string else {
                throw TokenizerFile.corrupted("a template has a part that is neither text nor special token")
            }
            guard let ids = special?[name]?["ids"]?.array else {
                throw TokenizerFile.corrupted("the template's token '\(name)' is not among its special tokens")
            }
            return .special(
                ids: try ids.map { try TokenizerFile.checkedID($0, name) },
                typeID: UInt8(truncatingIfNeeded: token["type_id"]?.count ?? 0))
        }
    }

    // MARK: Decoders

    static func decoders(_ value: JSON) throws -> [DecoderChain.Step] {
        let stage = "decoder"
        let type = try type(value, stage)
        switch type {
        case "Sequence": return try members(value, "decoders", stage).flatMap(decoders)
        case "WordPiece":
            return [.wordPiece(prefix: value["prefix"]?.string ?? "##", cleansUp: value["cleanup"]?.bool ?? true)]
        case "ByteLevel": return [.byteLevel]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Strip":
            return [
                .strip(
                    content: try scalar(value, "content", stage), start: value["start"]?.count ?? 0,
                    stop: value["stop"]?.count ?? 0)
            ]
        case "Replace":
            return [.replace(try pattern(value["pattern"], stage), with: try text(value, "content", stage))]
        case "Metaspace":
            return [
                .metaspace(
                    replacement: try scalar(value, "replacement", stage),
                    dropsFirst: try prependScheme(value) != .never)
            ]
        case "BPEDecoder": return [.endOfWord(suffix: value["suffix"]?.string ?? "</w>")]
        default: throw unknown(type, stage)
        }
    }
}
