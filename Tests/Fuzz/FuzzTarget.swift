import TrawlCore
import TrawlTestSupport

/// A reader of bytes that strangers write: it must answer or throw an error of ours, whatever the bytes are.
struct FuzzTarget {
    /// One input's run.
    typealias Body = ([UInt8]) throws -> Void

    let name: String
    /// Inputs are cut here: a reader that takes linear time for what it is given is not slow.
    var maximumBytes = 1 << 16
    /// What inputs begin with: small files of the format.
    let seeds: () throws -> [[UInt8]]
    /// Makes what all runs share, once for each process.
    let prepare: (FuzzFolder) throws -> Body

    init(
        _ name: String, maximumBytes: Int = 1 << 16, seeds: @autoclosure @escaping () throws -> [[UInt8]] = [],
        prepare: @escaping (FuzzFolder) throws -> Body
    ) {
        self.name = name
        self.maximumBytes = maximumBytes
        self.seeds = seeds
        self.prepare = prepare
    }

    /// A target that reads a file of the name `file`.
    init(
        _ name: String, file: String, seeds: @autoclosure @escaping () throws -> [[UInt8]] = [],
        read: @escaping (String) throws -> Void
    ) {
        self.init(name, seeds: try seeds()) { folder in
            { bytes in try read(folder.write(file, bytes)) }
        }
    }

    /// The table of all targets. Add one here.
    static var all: [FuzzTarget] {
        weights + models + tokenizers + corpora + queries + evaluations + settings + languages + indexes + servers
            + clusters
            + interrupted
    }

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

    /// The seeds in `Seeds/NAME`, then those that the target makes of files that are in the repository anyway.
    func allSeeds() throws -> [[UInt8]] {
        let folder = TestFiles.repository("Tests/Fuzz/Seeds/\(name)")
        let own = try fileNames(in: folder).map { try readBytes(folder + "/" + $0) }
        return (try own + seeds()).map { Array($0.prefix(maximumBytes)) }
    }

    /// Runs one input. Errors of ours are answers; any other error would reach users as it is.
    ///
    /// - Returns: What became of the input, for telling new behaviour from known.
    static func outcome(_ body: Body, _ bytes: [UInt8]) -> String {
        do {
            try body(bytes)
            return "read"
        } catch let error as TrawlError {
            return "\(error.code): \(error.message)"
        } catch {
            fatalError("an error that is not a TrawlError: \(type(of: error)): \(error)")
        }
    }
}

/// Files of this repository as seeds, none larger than a seed should be.
func repositorySeeds(_ paths: String..., largest: Int = 1 << 16) throws -> [[UInt8]] {
    try paths.map { try readBytes(TestFiles.repository($0)) }.filter { $0.count <= largest }
}

/// All files of a folder of this repository whose names end in `suffix`.
func repositorySeeds(inFolder path: String, suffix: String, largest: Int = 1 << 16) throws -> [[UInt8]] {
    let folder = TestFiles.repository(path)
    return try fileNames(in: folder).filter { $0.hasSuffix(suffix) }.map { try readBytes(folder + "/" + $0) }
        .filter { $0.count <= largest }
}
