import Foundation
import TrawlCore
import TrawlTensors

/// Times products of weight matrices in single precision, y = x Wᵀ, on one thread: `ProductSpeed [SECONDS]`.
///
/// The shapes are those of MiniLM (384, 1536) and SmolLM2-135M (576, 1536); x has 1, 16 or 256 rows. The instruction set is
/// the process's, see `TRAWL_ISA`. Prints lines of outputs, inputs, rows and GFLOP/s, the best of many turns.
@main
struct ProductSpeed {
    private static let shapes = [(384, 384), (1536, 384), (384, 1536), (576, 576), (1536, 576), (576, 1536)]

    static func main() throws {
        let seconds = CommandLine.arguments.dropFirst().first.flatMap(Double.init) ?? 0.5
        let pool = ThreadPool(threadCount: 1)
        var random = SplitMix64(seed: 1)
        func values(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float(random.next() >> 40) / Float(1 << 23) - 1 }
        }
        for (outputs, inputs) in shapes {
            let file = NSTemporaryDirectory() + "trawl-products-\(UUID().uuidString).safetensors"
            defer { try? FileManager.default.removeItem(atPath: file) }
            var writer = SafetensorsWriter()
            writer.add("weight", shape: [outputs, inputs], values(outputs * inputs))
            try writer.write(to: file)
            let tensor = try Safetensors(path: file).requiredTensor("weight")
            let weights = try WeightMatrix(tensor, rows: outputs, columns: inputs)
            for rows in [1, 16, 256] {
                let x = values(rows * inputs)
                var y = [Float](repeating: 0, count: rows * outputs)
                let best = bestTime(seconds) {
                    x.withUnsafeBufferPointer { x in
                        y.withUnsafeMutableBufferPointer { y in
                            guard let x = x.baseAddress, let y = y.baseAddress else { return }
                            weights.multiply(x, m: rows, into: y, pool: pool)
                        }
                    }
                }
                let speed = 2 * Double(rows * outputs * inputs) / best / 1e9
                print("\(outputs)\t\(inputs)\t\(rows)\t\(speed)")
            }
        }
    }

    /// The shortest time of one call, over `seconds` of calls.
    private static func bestTime(_ seconds: Double, _ body: () -> Void) -> Double {
        let begin = ContinuousClock.now
        var best = Double.infinity
        repeat {
            let start = ContinuousClock.now
            body()
            best = min(best, (ContinuousClock.now - start) / .seconds(1))
        } while ContinuousClock.now - begin < .seconds(seconds)
        return best
    }
}
