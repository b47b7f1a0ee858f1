import Foundation
import Glibc
import TrawlCore

/// Runs one target in this process, with limits that end it: what ends it is a finding.
struct Worker {
    /// What all anonymous memory of a process may take, in bytes: more is a finding.
    static let memoryLimit = 1 << 30
    /// The seconds that one input may take.
    static let timeLimit: UInt32 = 10

    let target: FuzzTarget

    /// The seconds and runs of a campaign, and the input that took longest.
    struct Statistics {
        var runs = 0
        var seconds = 0.0
        var slowest = 0.0
        var slowestInput: [UInt8] = []
        var outcomes = 0
    }

    static func setLimits() {
        // AddressSanitizer reserves more than that to begin with; libFuzzer has limits of its own.
        #if !LIBFUZZER
        var limit = rlimit(rlim_cur: rlim_t(memoryLimit), rlim_max: rlim_t(memoryLimit))
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        #endif
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }

    /// Runs one input, and says what became of it.
    func run(input: [UInt8]) throws -> String {
        let folder = try FuzzFolder()
        defer { folder.remove() }
        let body = try target.prepare(folder)
        Self.setLimits()
        alarm(Self.timeLimit)
        defer { alarm(0) }
        return FuzzTarget.outcome(body, input)
    }

    /// Runs all seeds, then inputs that are made of them: the same ones for the same seed.
    ///
    /// - Parameter current: where each input is written before it is run, so that it outlives the process.
    func campaign(seconds: Double, seed: UInt64, current: CurrentInput) throws -> Statistics {
        let folder = try FuzzFolder()
        defer { folder.remove() }
        let body = try target.prepare(folder)
        Self.setLimits()
        let seeds = try target.allSeeds()
        var mutator = Mutator(seeds: seeds, maximumBytes: target.maximumBytes, seed: seed)
        var statistics = Statistics()
        var known: Set<String> = []
        let start = ContinuousClock.now
        var before = start
        while true {
            let input = statistics.runs < seeds.count ? seeds[statistics.runs] : mutator.next()
            current.set(input)
            alarm(Self.timeLimit)
            let outcome = FuzzTarget.outcome(body, input)
            // What messages quote of an input makes no new behaviour.
            let plain = outcome.utf8.prefix { $0 != 0x27 && $0 != 0x22 }.filter(Self.isLetter)
            let kind = String(decoding: plain.prefix(24), as: UTF8.self)
            if known.count < 10_000, known.insert(kind).inserted, statistics.runs >= seeds.count { mutator.keep(input) }
            let now = ContinuousClock.now
            let taken = (now - before) / .seconds(1)
            if taken > statistics.slowest { (statistics.slowest, statistics.slowestInput) = (taken, input) }
            before = now
            statistics.runs += 1
            if now - start >= .seconds(seconds), statistics.runs >= seeds.count { break }
        }
        alarm(0)
        statistics.seconds = (before - start) / .seconds(1)
        statistics.outcomes = known.count
        return statistics
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// The most memory that the process had in use, in MiB.
    static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss >> 10
    }
}

/// The input that runs, in a file that is mapped: it is there when the process has died.
final class CurrentInput {
    let path: String
    private let base: UnsafeMutableRawPointer
    private static let capacity = 1 << 20

    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0, ftruncate(file, off_t(Self.capacity)) == 0,
            let map = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), map != MAP_FAILED
        else { throw TrawlError(.io, "cannot be written", path: path) }
        close(file)
        self.path = path
        base = map
    }

    deinit { munmap(base, Self.capacity) }

    func set(_ input: [UInt8]) {
        let count = min(input.count, Self.capacity - 8)
        base.storeBytes(of: count, as: Int.self)
        input.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress { (base + 8).copyMemory(from: source, byteCount: count) }
        }
    }

    static func read(_ path: String) throws -> [UInt8] {
        let bytes = try readBytes(path)
        let count = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        return Array(bytes.dropFirst(8).prefix(count))
    }
}
