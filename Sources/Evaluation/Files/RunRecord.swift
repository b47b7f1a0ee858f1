import Foundation
import TrawlCore

/// How a run came about and what it cost: what one needs to make it again, and to set its cost beside its quality.
///
/// `trawl eval --write-run RUN` writes it beside the run, as `RUN.json`.
public struct RunRecord: Codable, Sendable, Equatable {
    /// A file or an index, by what it holds.
    public struct Source: Codable, Sendable, Equatable {
        public let path: String
        /// SHA-256 of a file, or what tells the contents of an index.
        public let digest: String
        public let bytes: Int

        public init(path: String, digest: String, bytes: Int) {
            (self.path, self.digest, self.bytes) = (path, digest, bytes)
        }
    }

    public struct Model: Codable, Sendable, Equatable {
        /// What the model is used for, such as `embedder`.
        public let role: String
        public let name: String
        /// What tells its weights from others.
        public let digest: String

        public init(role: String, name: String, digest: String) {
            (self.role, self.name, self.digest) = (role, name, digest)
        }
    }

    /// What answering the queries took. Times are those of searches, without opening the index and loading models.
    public struct Cost: Codable, Sendable, Equatable {
        public let queries: Int
        /// Wall time of all queries together, in seconds.
        public let seconds: Double
        /// Times of a single query, one after the other, in milliseconds; nil where they were not measured.
        public let medianMilliseconds: Double?
        public let percentile95Milliseconds: Double?
        /// The largest resident memory of the process, in bytes.
        public let peakMemory: Int
        /// The size of the index on disk, in bytes.
        public let indexBytes: Int

        enum CodingKeys: String, CodingKey {
            case queries, seconds
            case medianMilliseconds = "median_milliseconds"
            case percentile95Milliseconds = "percentile_95_milliseconds"
            case peakMemory = "peak_memory"
            case indexBytes = "index_bytes"
        }

        /// Whether counts and sizes are not negative and times are from a nanosecond to a century, or 0.
        var isPossible: Bool {
            let times = [seconds * 1000, medianMilliseconds, percentile95Milliseconds].compactMap(\.self)
            return queries >= 0 && peakMemory >= 0 && indexBytes >= 0
                && times.allSatisfy { $0 == 0 || 1e-6...3.2e12 ~= $0 }
        }

        public init(
            queries: Int, seconds: Double, medianMilliseconds: Double?, percentile95Milliseconds: Double?,
            peakMemory: Int, indexBytes: Int
        ) {
            self.queries = queries
            self.seconds = seconds
            self.medianMilliseconds = medianMilliseconds
            self.percentile95Milliseconds = percentile95Milliseconds
            self.peakMemory = peakMemory
            self.indexBytes = indexBytes
        }
    }

    /// The name of the system, such as the mode of search.
    public var system: String
    /// The command line.
    public var command: [String]
    /// The version of Trawl and the SHA-256 of its binary.
    public var version: String
    public var binary: String
    public var index: Source?
    public var models: [Model]
    /// The settings of the search, as the group `search` of a recipe file has them (YAML).
    public var settings: String?
    public var queries: Source?
    public var qrels: Source?
    public var cost: Cost?

    public init(system: String) {
        self.system = system
        (command, version, binary) = ([], "", "")
        models = []
    }

    /// Where the record of the run in `path` is.
    public static func path(ofRun path: String) -> String { path + ".json" }

    /// Reads the record of the run in `path`.
    ///
    /// - Returns: nil if there is none.
    /// - Throws: `TrawlError.invalidInput` for another kind of file.
    public init?(ofRun path: String) throws {
        let path = Self.path(ofRun: path)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let remedy = "move it away, or write the run again"
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw TrawlError(
                .invalidInput, "the file is not the record of a run", path: path, remedy: remedy, cause: error)
        }
        if let cost, !cost.isPossible {
            throw TrawlError(
                .invalidInput, "the record of the run has a count, a size or a time that cannot be", path: path,
                remedy: remedy)
        }
    }

    /// The record as JSON with sorted keys.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try String(decoding: encoder.encode(self), as: UTF8.self) + "\n"
    }
}
