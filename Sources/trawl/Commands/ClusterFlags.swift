import ArgumentParser
import Foundation
import TrawlServer

/// How the shards of a cluster are reached.
struct ClusterFlags: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Go on without shards that do not answer, and say which are missing.",
            discussion: "Without it a search of a cluster (NAME.shards.json) fails where one of its shards does."))
    var allowPartial = false

    /// - Throws: `ValidationError` for a flag that would do nothing.
    func check(_ indexes: [String]) throws {
        guard allowPartial, !indexes.contains(where: ClusterAccess.isManifest) else { return }
        throw ValidationError("--allow-partial has no effect without a cluster (NAME\(ClusterAccess.fileEnding))")
    }

    var access: ClusterAccess {
        var access = Self.access
        access.allowsPartial = allowPartial
        return access
    }

    /// How commands without these flags reach shards.
    static var access: ClusterAccess {
        var access = ClusterAccess()
        access.apiKey = ProcessInfo.processInfo.environment["TRAWL_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        return access
    }
}
