import Foundation
import Testing
import TrawlTestSupport

/// A short run of eval/reliability/faults.py: each write and sync of two operations fails, once and for good, and the index is as
/// before or as after. The whole run takes about ten minutes.
@Suite struct FaultInjectionTests {
    @Test func noFailedWriteOrSyncLosesAnything() throws {
        let folder = try TemporaryFolder()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let outcome = try TrawlProcess.shell(
            "export TRAWL; python3 '\(root)/eval/reliability/faults.py' --documents 12 --only build,remove --calls write,sync",
            folder: folder.path)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("0 findings"), "\(outcome.output)")
        // Faults that change nothing would prove nothing.
        let failed = outcome.output.split(separator: "\n").compactMap { line -> Int? in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count == 6 ? Int(cells[4]) : nil
        }
        #expect(failed.reduce(0, +) > 50, "\(outcome.output)")
    }
}
