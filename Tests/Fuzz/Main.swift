#if !LIBFUZZER
import Foundation
import TrawlCore

/// ```
/// trawl-fuzz list                    the names of all targets
/// trawl-fuzz run [TARGET …] [--seconds S] [--seed N] [--jobs N] [--findings FOLDER]
/// trawl-fuzz one TARGET FILE…        runs inputs, such as findings
/// trawl-fuzz seeds TARGET FOLDER     writes the seeds of a target
/// ```
@main
struct Main {
    static func main() {
        do {
            exit(try run(Array(CommandLine.arguments.dropFirst())))
        } catch {
            FileHandle.standardError.write(Data("trawl-fuzz: \(error)\n".utf8))
            exit(2)
        }
    }

    private static func run(_ words: [String]) throws -> Int32 {
        var words = words
        func option(_ name: String) -> String? {
            guard let place = words.firstIndex(of: name), place + 1 < words.count else { return nil }
            defer { words.removeSubrange(place...place + 1) }
            return words[place + 1]
        }
        let seconds = option("--seconds").flatMap(Double.init) ?? 10
        let seed = option("--seed").flatMap { UInt64($0) } ?? 1
        let jobs = option("--jobs").flatMap { Int($0) } ?? 2
        let findings = option("--findings") ?? "fuzz-findings"
        let current = option("--current")
        guard let verb = words.first else { throw usage }
        words.removeFirst()
        switch verb {
        case "list":
            print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
            return 0
        case "run":
            let names = try words.isEmpty ? FuzzTarget.all.map(\.name) : words.map { try target($0).name }
            let campaign = Campaign(
                targets: names, seconds: seconds, seed: seed, jobs: jobs, findings: findings)
            let count = try campaign.run()
            print("\(names.count) targets, \(count) findings")
            return count == 0 ? 0 : 1
        case "work":
            guard words.count == 1, let current else { throw usage }
            try work(target(words[0]), seconds, seed, CurrentInput(path: current))
            return 0
        case "one":
            guard words.count > 1 else { throw usage }
            let target = try target(words[0])
            for file in words.dropFirst() {
                print("\(file): \(try Worker(target: target).run(input: readBytes(file)))")
            }
            return 0
        case "seeds":
            guard words.count == 2 else { throw usage }
            try FileManager.default.createDirectory(atPath: words[1], withIntermediateDirectories: true)
            for seed in try target(words[0]).allSeeds() {
                try writeBytes(seed, "\(words[1])/\(Campaign.name(of: seed))")
            }
            return 0
        default: throw usage
        }
    }

    private static func work(
        _ target: FuzzTarget, _ seconds: Double, _ seed: UInt64, _ current: CurrentInput
    ) throws {
        let statistics = try Worker(target: target).campaign(seconds: seconds, seed: seed, current: current)
        if statistics.slowest > 0.2 {
            try writeBytes(statistics.slowestInput, "\(current.path).slowest")
        }
        print(
            String(
                format: "%@ %9d runs %8.0f/s %6d kinds of answer, slowest %.2f s, %d MiB",
                target.name.padding(toLength: 18, withPad: " ", startingAt: 0), statistics.runs,
                Double(statistics.runs) / max(statistics.seconds, 1e-9), statistics.outcomes, statistics.slowest,
                Worker.peakMemory))
    }

    private static func target(_ name: String) throws -> FuzzTarget {
        guard let target = FuzzTarget.named(name) else {
            throw TrawlError(.notFound, "no target '\(name)'", remedy: "trawl-fuzz list names all")
        }
        return target
    }

    private static let usage = TrawlError(
        .invalidInput, "usage: trawl-fuzz list | run [TARGET …] | one TARGET FILE… | seeds TARGET FOLDER")
}
#endif
