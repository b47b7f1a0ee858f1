import Foundation
import Testing
import TrawlCore
import TrawlModels

@testable import TrawlTensors
@testable import TrawlTraining

/// Folders of adapters that are damaged, or of another base.
@Suite struct AdapterFolderTests {
    private let folders: AdapterFolders
    private let name = "tiny-llama-adapter"

    init() throws { folders = try AdapterFolders() }

    private func expectError(
        _ code: TrawlError.Code, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let error = #expect(throws: TrawlError.self, sourceLocation: sourceLocation) {
            _ = try folders.folder(name).loadGenerator()
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.path?.hasPrefix(folders.path(name)) == true, sourceLocation: sourceLocation)
        #expect(error?.remedy != nil, sourceLocation: sourceLocation)
    }

    @Test func anotherRankIsRefused() throws {
        try folders.edit(name + "/adapter_config.json", "\"r\": 4", "\"r\": 8")
        try expectError(.incompatible)
        #expect(throws: TrawlError.self) { try DecoderNetwork(try folders.folder(name)) }
    }

    @Test(arguments: ["\"r\": 0", "\"r\": \"four\""]) func anImpossibleRankIsRefused(_ rank: String) throws {
        try folders.edit(name + "/adapter_config.json", "\"r\": 4", rank)
        try expectError(.corrupted)
    }

    @Test(arguments: [
        ("\"peft_type\": \"LORA\"", "\"peft_type\": \"IA3\""), ("\"use_dora\": false", "\"use_dora\": true"),
        ("\"bias\": \"none\"", "\"bias\": \"all\""), ("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_proj\": 2}"),
    ])
    func whatIsNotComputedIsRefused(_ old: String, _ new: String) throws {
        try folders.edit(name + "/adapter_config.json", old, new)
        try expectError(.unsupported)
    }

    @Test func tensorsThatAreCutShortOrMissingAreNamed() throws {
        let file = folders.path(name + "/adapter_model.safetensors")
        let whole = try Data(contentsOf: URL(filePath: file))
        try whole.dropLast(5).write(to: URL(filePath: file))
        try expectError(.corrupted)
        // A name of the same length that no decoder has.
        var renamed = whole
        let place = try #require(renamed.range(of: Data("layers.1.mlp.up_proj.lora_B".utf8)))
        renamed[place.lowerBound + "layers.".utf8.count] = UInt8(ascii: "7")
        try renamed.write(to: URL(filePath: file))
        try expectError(.unsupported)
        try FileManager.default.removeItem(atPath: file)
        try expectError(.notFound)
    }

    @Test func theBaseMustBeThereAndTheOneThatItWasMadeWith() throws {
        let digest = try folders.folder("tiny-llama").digest
        let base = "\"trawl_base_model\": \"tiny-llama\""
        try folders.edit(name + "/config.json", base, base + ", \"trawl_base_digest\": \"\(digest)\"")
        _ = try folders.folder(name).loadGenerator()
        try folders.edit(name + "/config.json", digest, String(digest.reversed()))
        try expectError(.incompatible)
        try FileManager.default.removeItem(atPath: folders.path("tiny-llama"))
        try expectError(.notFound)
    }

    @Test func aBaseIsADecoderInAFolderBeside() throws {
        // Itself.
        try folders.edit(name + "/config.json", "\"tiny-llama\"", "\"\(name)\"")
        try expectError(.corrupted)
        try folders.edit(name + "/config.json", "\"\(name)\"", "\"../tiny-llama\"")
        try expectError(.corrupted)
        try FileManager.default.copyItem(
            atPath: EncoderDecoderNetworkTests.folder, toPath: folders.path("tiny-encoder-decoder"))
        try folders.edit(name + "/config.json", "../tiny-llama", "tiny-encoder-decoder")
        try expectError(.incompatible)
    }

    @Test func aDecoderThatIsNoLlamaIsNotTrained() throws {
        try folders.edit("tiny-llama/config.json", "\"silu\"", "\"relu\"")
        let error = #expect(throws: TrawlError.self) { try DecoderNetwork(try folders.folder("tiny-llama")) }
        #expect(error?.code == .unsupported && error?.remedy != nil)
    }

    @Test func anAdapterIsWrittenBesideItsBaseOnly() throws {
        let network = try DecoderNetwork(try folders.folder("tiny-llama"))
        let alone = TrainedModelFolder(path: folders.path("alone"))
        let error = #expect(throws: TrawlError.self) {
            try network.write(to: alone, beginningWith: try folders.folder("tiny-llama"))
        }
        #expect(error?.code == .invalidInput && error?.remedy != nil)
    }
}
