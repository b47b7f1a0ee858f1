import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlModels

/// Sizes in configuration files are compared with the tensors before anything of that size is made.
@Suite struct ConfigurationBoundsTests {
    @Test(arguments: [
        ("tiny-llama", "num_hidden_layers"), ("tiny-distilbert", "n_layers"), ("tiny-t5-generator", "num_layers"),
        ("tiny-bart", "decoder_layers"),
    ])
    func moreLayersThanTensorsAreRefused(_ model: String, _ member: String) throws {
        let home = try TemporaryFolder(models: [model])
        var text = try home.text(model + "/config.json")
        let place = try #require(text.range(of: "\"\(member)\": "))
        let number = text[place.upperBound...].prefix { $0.isNumber }
        text.replaceSubrange(number.startIndex..<number.endIndex, with: "16777216")
        try home.write(model + "/config.json", text)
        let folder = try home.folder(model)
        let got = errorText {
            if folder.isEncoder { _ = try folder.loadEncoder() } else { _ = try folder.loadGenerator() }
        }
        #expect(got.contains("'\(member)' is 16777216, the file has tensors of"), "\(got)")
    }

    @Test func distancesBeyondAnyContextAreRefused() throws {
        let home = try TemporaryFolder(models: ["tiny-t5-generator"])
        var text = try home.text("tiny-t5-generator/config.json")
        let place = try #require(text.range(of: "\"relative_attention_max_distance\": "))
        let number = text[place.upperBound...].prefix { $0.isNumber }
        text.replaceSubrange(number.startIndex..<number.endIndex, with: "16777216")
        try home.write("tiny-t5-generator/config.json", text)
        let got = errorText { try home.folder("tiny-t5-generator").loadEncoder() }
        #expect(got.contains("up to a distance of 16777216 are not supported"), "\(got)")
    }
}
