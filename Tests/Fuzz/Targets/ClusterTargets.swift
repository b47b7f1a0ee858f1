import Synchronization
import TrawlCluster
import TrawlCore
import TrawlEngine
import TrawlGeneration

extension FuzzTarget {
    /// What a coordinator reads: manifests, and the answers of shards.
    static var clusters: [FuzzTarget] {
        [
            FuzzTarget("shard-manifest", file: "c.shards") { path in
                let manifest = try ClusterManifest(path: path)
                try manifest.write(to: path + ".copy")
                _ = manifest.shards.map { ($0.path, $0.documents, $0.passages) }
            },
            // Answers of two shards, of which the first one's are changed, see `ByteChange`: what is changed is the number of the answer.
            answers("shard-answers") { cluster, engine in
                for mode in [SearchMode.lexical, .dense] { search(cluster, engine, mode) }
                _ = try? cluster.document(DocumentID("d7"))
                _ = cluster.summary
            },
            // Generation takes most of the time.
            answers("shard-ngrams") { cluster, engine in search(cluster, engine, .generative) },
            answers("shard-phrases") { cluster, _ in askPhrases(cluster) },
        ]
    }

    private static func answers(_ name: String, _ ask: @escaping (ClusterIndex, Engine) -> Void) -> FuzzTarget {
        FuzzTarget(name, maximumBytes: 64, seeds: DamagedIndex.seeds) { folder in
            let engine = Engine()
            let shards = try (0..<2).map { number in
                let sound = try SoundIndex(in: folder, shard: ShardNumber(number, of: 2))
                return try LocalShard(path: sound.path, engine: engine)
            }
            // Without changes all goes well.
            _ = try ClusterIndex(name: "cluster", shards)
            return { bytes in
                let cluster = try ClusterIndex(name: "cluster", [LyingShard(shards[0], changes: bytes), shards[1]])
                defer { ask(cluster, engine) }
                _ = try cluster.refreshed()
            }
        }
    }

    private static func search(_ cluster: ClusterIndex, _ engine: Engine, _ mode: SearchMode) {
        var settings = SearchSettings(mode: mode)
        settings.explains = true
        settings.generative.parameters.body = BeamSearchParameters(beams: 3, length: 4)
        settings.generative.parameters.title = nil
        if mode == .lexical { settings.conditions = (try? [DocumentCondition("year > 1990")]) ?? [] }
        _ = try? engine.session(cluster, settings).search([Query(id: "1", text: "moon water")])
    }

    private static func askPhrases(_ cluster: ClusterIndex) {
        var options = PhraseFinder.Options()
        (options.passages, options.continuations) = (5, 5)
        if let phrases = try? cluster.phrases(), let query = try? PhraseQuery("moon AND water") {
            _ = try? phrases.count(query, named: "moon AND water", options)
            _ = try? phrases.find(query, named: "moon AND water", options)
            _ = try? phrases.predict(after: "the moon", limit: 5)
            _ = try? phrases.probabilities(of: "water", after: "the moon")
        }
    }
}

/// A shard whose answers are changed on the way.
private final class LyingShard: ShardConnection {
    let name = "lying"
    private let shard: any ShardConnection
    private let changes: [[Int]]
    private let answers = Mutex(0)

    /// The bytes of an answer before its body.
    private static let headBytes = 16

    init(_ shard: any ShardConnection, changes: [UInt8]) {
        self.shard = shard
        self.changes = stride(from: 0, to: changes.count - 7, by: 8).map { changes[$0..<$0 + 8].map(Int.init) }
    }

    func send(_ question: [UInt8], answered: @escaping @Sendable (Result<[UInt8], any Error>) -> Void) {
        shard.send(question) { [self] result in answered(result.map(changed)) }
    }

    private func changed(_ answer: [UInt8]) -> [UInt8] {
        let number = answers.withLock { number in
            defer { number += 1 }
            return number
        }
        var body = Array(answer.dropFirst(Self.headBytes))
        for change in changes where (change[0] | change[1] << 8) % 64 == number % 64 {
            ByteChange.apply(change, to: &body)
        }
        return answer.prefix(Self.headBytes) + body
    }
}
