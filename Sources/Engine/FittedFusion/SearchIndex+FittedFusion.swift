import TrawlCore
import TrawlStore

extension SearchIndex {
    static let fusionName = "fusion"

    /// The fusion that was fitted to the index; nil when none was.
    ///
    /// - Throws: `TrawlError.corrupted` for one that cannot be read.
    public func fittedFusion() throws -> FittedFusion? {
        do {
            return try snapshot.metadata(Self.fusionName, as: FittedFusion.self)
        } catch is DecodingError {
            throw TrawlError(
                .corrupted, "the fitted fusion is damaged, or of another Trawl", path: path, remedy: "fit it again",
                topic: .fittedFusion)
        }
    }

    /// The fitted fusion of a search by `settings`; nil for a search that has none.
    ///
    /// - Parameter features: what the search's methods give it to read.
    /// - Throws: `TrawlError.invalidInput` when none was fitted, or to other methods or weights.
    func fusion(
        _ settings: SearchSettings, _ weights: [(name: String, weight: Float)], _ features: (Int) -> [String]
    ) throws -> FittedFusion? {
        guard settings.fusion.method == .fitted, settings.mode == .hybrid else { return nil }
        guard let fusion = try fittedFusion() else {
            throw TrawlError(
                .invalidInput, "no fusion was fitted to the index", path: path,
                remedy: "fit one to judged queries, or fuse by another method", topic: .fittedFusion)
        }
        let asked = Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0.weight) })
        guard fusion.weights == asked else {
            func list(_ weights: [String: Float]) -> String {
                weights.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            }
            throw TrawlError(
                .invalidInput,
                "the fusion was fitted to \(list(fusion.weights)), and this search fuses \(list(asked))", path: path,
                remedy: "search by these methods and weights, or fuse by another method", topic: .fittedFusion)
        }
        guard fusion.features == features(fusion.depth) else {
            throw TrawlError(
                .incompatible, "the fusion was fitted to other features than this Trawl reads", path: path,
                remedy: "fit it again", topic: .fittedFusion)
        }
        return fusion
    }
}

extension Engine {
    /// Stores a fitted fusion in the index in the folder `path` and makes it the default of hybrid searches, in one commit.
    ///
    /// - Throws: `TrawlError` when the index cannot be written; it is then as it was.
    public func setFusion(_ fusion: FittedFusion, of path: String) throws {
        var settings = try open(path).settings
        settings.fusion.method = .fitted
        settings.fusion.blocks = nil
        try IndexUpdater(path: path, parts: parts).setDefaults(settings) {
            try $0.setMetadata(SearchIndex.fusionName, fusion)
        }
    }
}
