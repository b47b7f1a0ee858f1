import Foundation
import Testing
import TrawlCore
import TrawlTensors
import TrawlTestSupport

@testable import TrawlWorkbench

@Suite struct ModelBenchmarkTests {
    @Test func anEncoderIsMeasured() throws {
        let texts = SampleTexts.passages(12)
        let benchmark = try ModelBenchmark(path: TestFiles.model("all-MiniLM-L6-v2"), texts: texts, runs: 1)
        #expect(benchmark.tasks.map(\.name) == ["batch of 12 texts", "query of 10 tokens"])
        #expect(benchmark.tasks.map(\.isLatency) == [false, true])
        for task in benchmark.tasks {
            #expect(task.speeds.map(\.precision) == [.f32, .int8])
            #expect(task.speeds.allSatisfy { $0.seconds > 0 && $0.shareOfPeak > 0 && $0.shareOfPeak.isFinite })
        }
        #expect(benchmark.roofs.allSatisfy { $0.peak > 1e9 && $0.peakMemory > 1 << 20 })
        let cosines = benchmark.losses.map(\.value)
        #expect(cosines.count == 2 && cosines.allSatisfy { $0 >= 0.999 && $0 < 0.99999 })
    }

    @Test func aDecoderIsMeasured() throws {
        let benchmark = try ModelBenchmark(path: TestFiles.model("smollm2-135m-instruct"), runs: 1)
        #expect(benchmark.tasks.map(\.tokens) == [500, 16, 240, 960])
        let losses = Dictionary(uniqueKeysWithValues: benchmark.losses.map { ($0.name, $0.value) })
        let exact = try #require(losses["perplexity in f32"])
        let approximate = try #require(losses["perplexity in int8"])
        #expect(exact > 1 && abs(approximate / exact - 1) < 0.02)
        #expect(try #require(losses["Kullback-Leibler divergence, nats a token"]) < 0.02)
        #expect(try #require(losses["same likeliest token"]) > 0.9)
    }

    @Test func textsThatAreTooShortAreErrors() throws {
        #expect(throws: TrawlError.self) {
            try ModelBenchmark(path: TestFiles.model("smollm2-135m-instruct"), texts: ["too short"])
        }
        #expect(throws: TrawlError.self) {
            try ModelBenchmark(path: TestFiles.model("all-MiniLM-L6-v2"), texts: [" "])
        }
        #expect(throws: TrawlError.self) { try ModelBenchmark(path: "/nonexistent") }
    }
}
