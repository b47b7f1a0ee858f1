import ArgumentParser
import TrawlEvaluation
import TrawlWorkbench

/// What made a result, for records of how it came about.
enum ThisProgram {
    static var version: String { RootCommand.configuration.version }

    /// Notes the command line, the version and the digest of the binary.
    static func note(in record: inout RunRecord) {
        record.command = CommandLine.arguments
        record.version = version
        record.binary = RunRecord.Source(fileAt: "/proc/self/exe")?.digest ?? ""
    }
}
