import Foundation
import TrawlCore

@testable import TrawlTraining

/// A batch as the scripts in `eval/parity` write it: sources, each with its targets.
struct GoldenBatch: Decodable {
    let batch: GenerationBatch

    /// Each target behind a source of its own.
    var separate: GenerationBatch {
        GenerationBatch(batch.items.flatMap { item in item.targets.map { .init(source: item.source, targets: [$0]) } })
    }

    private struct Item: Decodable {
        let source: [TokenID]
        let targets: [[TokenID]]

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            source = try values.decode([TokenID].self)
            targets = try values.decode([[TokenID]].self)
        }
    }

    init(from decoder: any Decoder) throws {
        let items = try decoder.singleValueContainer().decode([Item].self)
        batch = GenerationBatch(
            items.map { .init(source: $0.source, targets: $0.targets.map { .init(tokens: $0) }) })
    }
}

/// What a file of `Golden` holds.
func loadGolden<Values: Decodable>(_ name: String, as type: Values.Type = Values.self) throws -> Values {
    let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/" + name)
    return try JSONDecoder().decode(Values.self, from: Data(contentsOf: url))
}
