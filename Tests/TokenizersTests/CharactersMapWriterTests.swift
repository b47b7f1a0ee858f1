import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

@Suite struct CharactersMapWriterTests {
    /// `text` as a tokenizer with the map alone normalises it, read from the one piece that it makes.
    private func tokenizer(_ blob: [UInt8]) throws -> Tokenizer {
        let json = """
            {"version": "1.0", "normalizer": {"type": "Precompiled", "precompiled_charsmap":
            "\(Data(blob).base64EncodedString())"}, "pre_tokenizer": null, "post_processor": null, "decoder": null,
            "added_tokens": [], "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["x", -1], ["yy", -1]]}}
            """
        let folder = try TemporaryFolder()
        return try Tokenizer(contentsOf: folder.write("tokenizer.json", json))
    }

    @Test func everyCharacterOfALargeMapIsReplacedAndNoOther() throws {
        var random = SplitMix64(seed: 5)
        var characters: Set<UInt32> = []
        while characters.count < 6000 {
            let value = UInt32(1 + random.below(0x10FFFF))
            if Unicode.Scalar(value) != nil, value != 0x78, value != 0x79 { characters.insert(value) }
        }
        var map = CharactersMapWriter()
        for (index, value) in characters.sorted().enumerated() {
            let scalar = try #require(Unicode.Scalar(value))
            map.add(scalar, replacement: [["x"], ["y", "y"], []][index % 3])
        }
        let tokenizer = try tokenizer(map.blob())
        for (index, value) in characters.sorted().enumerated() {
            let ids = tokenizer.encodeIDs(String(try #require(Unicode.Scalar(value))))
            #expect(ids == [[1], [2], []][index % 3], "U+\(String(value, radix: 16))")
        }
        for value in stride(from: UInt32(1), to: 0x10FFFF, by: 61) {
            guard let scalar = Unicode.Scalar(value), !characters.contains(value), value != 0x78 else { continue }
            #expect(tokenizer.encodeIDs(String(scalar)) == [0], "U+\(String(value, radix: 16))")
        }
    }

    @Test func anEmptyMapChangesNothing() throws {
        let tokenizer = try tokenizer(CharactersMapWriter().blob())
        #expect(tokenizer.encodeIDs("xyy") == [1, 2])
    }
}
