import ArgumentParser
import TrawlCore
import TrawlEngine
import TrawlServer

struct ShardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shards", abstract: "Describe the shards of a corpus in a file, list them, or verify them.",
        discussion: """
            'trawl index --shard I/N' builds a shard: an index of the documents whose ids fall to it. A manifest lists all \
            shards of a corpus (docs/shards.md).

            EXAMPLES
              trawl shards manifest wiki-*-of-8.trawl --output wiki.shards.json
              trawl shards list wiki.shards.json
              trawl shards check wiki.shards.json
            """,
        subcommands: [
            ShardsManifestCommand.self, ShardsListCommand.self, ShardsCheckCommand.self, ShardsBuildCommand.self,
            ShardsServeCommand.self,
        ])
}

struct ShardsManifestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Write the manifest of all shards of a corpus.",
        discussion: """
            The shards must be all of one corpus, each once, and built by one recipe with the same models. The manifest has \
            their paths (relative to its folder), digests and sizes; a file that exists is replaced.

            EXAMPLES
              trawl shards manifest wiki-*-of-8.trawl --output wiki.shards.json
              trawl shards manifest a.trawl b.trawl --output ab.shards.json --replica 0=http://one:7700
            """)

    @Argument(help: "The indexes of all shards: paths or names.") var shards: [String]

    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to write, or - for standard output.", valueName: "file"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "A server that answers for a shard. May be given several times.", valueName: "number=url"))
    var replica: [ReplicaArgument] = []

    @Flag(help: "Do not print a summary.") var quiet = false

    func run() async throws {
        let file = try OutputFile(output)
        guard output == "-" || file.isStream || ClusterAccess.isManifest(output) else {
            throw ValidationError(
                "other commands know a manifest by its name; end --output in \(ClusterAccess.fileEnding)")
        }
        let engine = Engine()
        let indexes = try shards.map { try engine.open(IndexCatalogue.path(of: $0)) }
        let manifest = try ClusterManifest(
            of: indexes, replicas: Dictionary(grouping: replica, by: \.shard).mapValues { $0.map(\.address) })
        try manifest.write(to: output)
        if !quiet {
            let (documents, passages) = manifest.shards.reduce((0, 0)) { ($0.0 + $1.documents, $0.1 + $1.passages) }
            Diagnostics.line(
                "\(output): \(counted(manifest.shards.count, "shard")), \(counted(documents, "document")), "
                    + counted(passages, "passage"))
        }
    }
}

/// The number of a shard, an equals sign and an address.
struct ReplicaArgument: ExpressibleByArgument {
    let shard: Int
    let address: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let shard = Int(parts[0]), shard >= 0 else { return nil }
        self.shard = shard
        address = String(parts[1])
    }
}

struct ShardsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the shards of a manifest: number, size, path and replicas.",
        discussion: """
            EXAMPLES
              trawl shards list wiki.shards.json
              trawl shards list wiki.shards.json --json | jq -r .path
            """)

    @Argument(help: "The manifest.") var file: String

    @Flag(help: "Print one JSON object per shard.") var json = false

    func run() async throws {
        for shard in try ClusterManifest(path: file).shards {
            if json {
                try Output.json(ListedShard(shard))
            } else {
                Output.line(
                    "\(shard.number)\t\(counted(shard.documents, "document"))\t\(counted(shard.passages, "passage"))\t"
                        + "\(shard.path.visibleLine)\t" + shard.replicas.joined(separator: ",").visibleLine)
            }
        }
    }

    /// A shard of a manifest, with its path from the root.
    private struct ListedShard: Encodable {
        let number: Int
        let path: String
        let digest: String
        let documents: Int
        let passages: Int
        let replicas: [String]

        init(_ shard: ClusterManifest.Shard) {
            (number, path, digest) = (shard.number, shard.path, shard.digest)
            (documents, passages, replicas) = (shard.documents, shard.passages, shard.replicas)
        }
    }
}

struct ShardsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Verify that the shards are those that the manifest describes.",
        discussion: """
            Compares the number, the size and the digest of each index with the manifest; 'trawl check' verifies the \
            integrity of one index. Exit code 0 when all are as described, 1 when one is not.

            EXAMPLES
              trawl shards check wiki.shards.json
            """)

    @Argument(help: "The manifest.") var file: String

    @Flag(help: "Print one JSON object per shard.") var json = false

    func run() async throws {
        let results = try ClusterManifest(path: file).check(Engine())
        try CheckCommand.show(results, json: json)
    }
}
