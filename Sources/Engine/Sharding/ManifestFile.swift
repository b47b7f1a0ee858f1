import Foundation
import TrawlCore

/// A manifest as its file has it, with paths relative to the file's folder.
struct ManifestFile: Decodable {
    struct Shard: Decodable {
        var number: Int
        var path: String
        var digest: String
        var documents: Int
        var passages: Int
        var replicas: [String]

        enum CodingKeys: String, CodingKey, CaseIterable { case number, path, digest, documents, passages, replicas }
    }

    var shards: [Shard]

    enum CodingKeys: String, CodingKey, CaseIterable { case version, hash, shards }

    /// The most servers of a shard.
    private static let mostReplicas = 256

    init(_ shards: [ClusterManifest.Shard], relativeTo folder: String) {
        self.shards = shards.map { shard in
            Shard(
                number: shard.number, path: Self.path(shard.path, relativeTo: folder), digest: shard.digest,
                documents: shard.documents, passages: shard.passages, replicas: shard.replicas)
        }
    }

    /// `path`, which begins at the root, from `folder`; as it is where they have nothing in common.
    private static func path(_ path: String, relativeTo folder: String) -> String {
        let (target, start) = (path.split(separator: "/"), folder.split(separator: "/"))
        let common = zip(target, start).prefix { $0 == $1 }.count
        guard common > 0, common < target.count else { return path }
        return (start[common...].map { _ in ".." } + target[common...]).joined(separator: "/")
    }

    /// The shards in order, with paths from the root.
    ///
    /// - Throws: `TrawlError.invalidInput` unless each of them is there once, with values in their bounds.
    func shards(in folder: String) throws -> [ClusterManifest.Shard] {
        guard 1...ShardNumber.maximumCount ~= shards.count else {
            throw Self.wrong("a manifest has 1 to \(ShardNumber.maximumCount) shards, this one \(shards.count)")
        }
        var found: [Int: ClusterManifest.Shard] = [:]
        var paths: [String: Int] = [:]
        for shard in shards {
            let resolved = try shard.checked(of: shards.count, mostReplicas: Self.mostReplicas, in: folder)
            guard found.updateValue(resolved, forKey: shard.number) == nil else {
                throw Self.wrong("shard \(shard.number) is listed twice")
            }
            if let other = paths.updateValue(shard.number, forKey: resolved.path) {
                throw Self.wrong("the shards \(other) and \(shard.number) have the same path \"\(shard.path)\"")
            }
        }
        // As many as there are numbers, and none twice.
        return found.values.sorted { $0.number < $1.number }
    }

    fileprivate static func wrong(_ message: String) -> TrawlError {
        TrawlError(.invalidInput, message, remedy: "make the manifest again", topic: .manifest)
    }
}

extension ManifestFile {
    init(from decoder: any Decoder) throws {
        // Another version may have other keys.
        let open = try decoder.container(keyedBy: CodingKeys.self)
        try Self.require(open.decode(Int.self, forKey: .version), ClusterManifest.version, "version")
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        try Self.require(values.decode(Int.self, forKey: .hash), ShardAssignment.version, "hash")
        shards = try values.decode([Shard].self, forKey: .shards)
    }

    private static func require(_ value: Int, _ known: Int, _ name: String) throws {
        guard value != known else { return }
        throw TrawlError(
            .incompatible, "the manifest has \(name) \(value), this Trawl reads \(known)",
            remedy: "use a Trawl of that version, or make the manifest again", topic: .manifest)
    }

    /// The file, with a line for each shard, so that people can edit it.
    var bytes: [UInt8] {
        let head = #"{"version":\#(ClusterManifest.version),"hash":\#(ShardAssignment.version),"shards":["#
        let lines = shards.map(\.line).joined(separator: Array(",\n".utf8))
        return Array((head + "\n").utf8) + lines + Array("\n]}\n".utf8)
    }
}

extension ManifestFile.Shard {
    init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        number = try values.decode(Int.self, forKey: .number)
        path = try values.decode(String.self, forKey: .path)
        digest = try values.decode(String.self, forKey: .digest)
        documents = try values.decode(Int.self, forKey: .documents)
        passages = try values.decode(Int.self, forKey: .passages)
        replicas = try values.decode(.replicas, default: [])
    }

    fileprivate var line: [UInt8] {
        func quoted(_ text: String) -> String {
            var bytes: [UInt8] = []
            bytes.appendJSONString(text)
            return String(decoding: bytes, as: UTF8.self)
        }
        let servers = replicas.map(quoted).joined(separator: ",")
        return Array(
            (#"{"number":\#(number),"path":\#(quoted(path)),"digest":"\#(digest)","#
                + #""documents":\#(documents),"passages":\#(passages),"replicas":[\#(servers)]}"#).utf8)
    }

    fileprivate func checked(of count: Int, mostReplicas: Int, in folder: String) throws -> ClusterManifest.Shard {
        guard 0..<count ~= number else {
            throw ManifestFile.wrong("there is no shard \(number) among \(count), which are numbered from 0")
        }
        func wrong(_ message: String) -> TrawlError { ManifestFile.wrong("shard \(number): \(message)") }
        guard digest.utf8.count == 64, digest.utf8.allSatisfy({ Self.digits.contains($0) }) else {
            throw wrong("the digest is not one of 64 hexadecimal digits")
        }
        for (name, value) in [("documents", documents), ("passages", passages)]
        where !(0...Int(UInt32.max) ~= value) {
            throw wrong("\(name): \(value) is not a number from 0 to \(UInt32.max)")
        }
        guard !path.isEmpty, path.utf8.count < 4096, !path.utf8.contains(0) else { throw wrong("the path is not one") }
        guard replicas.count <= mostReplicas else { throw wrong("there are more than \(mostReplicas) replicas") }
        return ClusterManifest.Shard(
            number: number, path: path.hasPrefix("/") ? path : URL(filePath: folder + "/" + path).standardized.path,
            digest: digest, documents: documents, passages: passages,
            replicas: try replicas.map { try ReplicaAddress.checked($0) { wrong($0) } })
    }

    private static let digits = Set("0123456789abcdef".utf8)
}

/// The address of a server in a manifest.
enum ReplicaAddress {
    /// - Throws: what `error` makes of the reason why `address` is not one.
    static func checked(_ address: String, _ error: (String) -> TrawlError) throws -> String {
        let parts = URLComponents(string: address)
        guard let parts, ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false, parts.query == nil,
            parts.fragment == nil, parts.user == nil
        else { throw error("\"\(address)\" is not the address of a server, such as http://host:7700") }
        return address
    }
}
