import Foundation
import TrawlCore
public import TrawlEngine
public import TrawlEvaluation
import TrawlModels
import TrawlTokenizers

extension RunRecord {
    /// Notes what answered: the index, its models, and the settings of the search.
    public mutating func note(_ index: SearchIndex, _ settings: SearchSettings, _ engine: Engine) throws {
        self.index = Source(path: index.path, digest: try index.digest(), bytes: index.summary.bytesOnDisk)
        self.settings = try settings.yaml()
        let names = ["embedder": index.recipe.dense.model]
        models = index.builtWith.map { Model(role: $0.role, name: names[$0.role] ?? "", digest: $0.digest) }
        if index.recipe.build.contains("generative"), settings.mode == .hybrid || settings.mode == .generative {
            let name = settings.generative.generator ?? index.recipe.generative.model
            models.append(try Self.model("generator", name, engine))
        }
        for (number, reranker) in settings.rerankers.enumerated() {
            // Late interaction reads the index's embedding model unless another is named.
            guard
                let name = reranker.model ?? ((reranker.reranker ?? "late") == "late" ? index.recipe.dense.model : nil)
            else { continue }
            models.append(try Self.model("reranker \(number + 1)", name, engine))
        }
    }

    private static func model(_ role: String, _ name: String, _ engine: Engine) throws -> Model {
        Model(role: role, name: name, digest: try engine.models.folder(name).digest)
    }
}

extension RunRecord.Source {
    /// The file `path`; nil for a pipe or a device, which cannot be read again.
    public init?(fileAt path: String) {
        let target = (path as NSString).resolvingSymlinksInPath
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target),
            attributes[.type] as? FileAttributeType == .typeRegular, let file = FileHandle(forReadingAtPath: path)
        else { return nil }
        var hash = SHA256()
        while let piece = try? file.read(upToCount: 1 << 20), !piece.isEmpty {
            Array(piece).withUnsafeBufferPointer { hash.update($0) }
        }
        self.init(path: path, digest: hash.digest(), bytes: (attributes[.size] as? Int) ?? 0)
    }
}
