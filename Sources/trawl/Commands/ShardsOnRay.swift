import ArgumentParser
import Foundation
import TrawlCore

struct ShardsBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build all shards of a corpus on a Ray cluster.",
        discussion: """
            Runs 'python3 -m trawl.cluster build' with these arguments; pip install 'trawl[cluster]' installs it \
            (docs/cluster-ray.md). Without Ray, a line for GNU parallel and a Slurm script are in docs/shards.md.

            EXAMPLES
              trawl shards build wiki.yaml --shards 8 --output shards/
            """)

    @Argument(parsing: .captureForPassthrough, help: "The arguments of the package.") var arguments: [String] = []

    func run() async throws { try ClusterPackage.run("build", arguments) }
}

struct ShardsServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the shards of a manifest on a Ray cluster, with replicas.",
        discussion: """
            Runs 'python3 -m trawl.cluster serve' with these arguments; pip install 'trawl[cluster]' installs it \
            (docs/cluster-ray.md). Without Ray, 'trawl serve NAME.shards.json' serves them.

            EXAMPLES
              trawl shards serve shards/wiki.shards.json --replicas 2 --port 8000
            """)

    @Argument(parsing: .captureForPassthrough, help: "The arguments of the package.") var arguments: [String] = []

    func run() async throws { try ClusterPackage.run("serve", arguments) }
}

/// The Python package that has Ray build and serve shards.
private enum ClusterPackage {
    /// Becomes the package's program, which runs this one for its work.
    ///
    /// - Throws: `TrawlError.notFound` without Python.
    static func run(_ verb: String, _ arguments: [String]) throws {
        let environment = ProcessInfo.processInfo.environment
        func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
        let python = named("TRAWL_PYTHON") ?? "python3"
        if named("TRAWL_BINARY") == nil,
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        {
            setenv("TRAWL_BINARY", own, 1)
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([python, "-m", "trawl.cluster", verb] + arguments).map {
            strdup($0)
        }
        words.append(nil)
        execvp(python, words)
        throw TrawlError(
            .notFound, "\(python) cannot be run: \(String(cString: strerror(errno)))",
            remedy: "install Python 3, or name it by TRAWL_PYTHON")
    }
}
