internal import TrawlModels
public import TrawlTensors

/// How fast a model runs here in single precision and in 8 bits, and what the latter loses.
///
/// Both precisions take turns on the same work, and the median of the turns counts; the share of the peak is that of the
/// operations of the model's products, in the measured peak of the same arithmetic on the same threads.
public struct ModelBenchmark: Encodable, Sendable {
    /// One kind of work in one precision.
    public struct Speed: Encodable, Sendable {
        public let precision: Precision
        /// For one turn, the median.
        public let seconds: Double
        public let tokensPerSecond: Double
        /// Operations of the model's products over those that the processor could have done in the same time.
        public let shareOfPeak: Double

        enum CodingKeys: String, CodingKey {
            case precision, seconds
            case tokensPerSecond = "tokens_per_second"
            case shareOfPeak = "share_of_peak"
        }
    }

    /// One kind of work.
    public struct Task: Encodable, Sendable {
        public let name: String
        /// The tokens of one turn.
        public let tokens: Int
        /// Whether the time of one turn is what users wait for.
        public let isLatency: Bool
        /// In the order of `Precision.allCases`.
        public let speeds: [Speed]

        enum CodingKeys: String, CodingKey {
            case name, tokens, speeds
            case isLatency = "is_latency"
        }
    }

    /// What one precision reaches and takes.
    public struct Roof: Encodable, Sendable {
        public let precision: Precision
        /// Operations a second, a multiply-add being two.
        public let peak: Double
        /// Bytes, the mapped weights included, with one model in this precision.
        public let peakMemory: Int

        enum CodingKeys: String, CodingKey {
            case precision, peak
            case peakMemory = "peak_memory"
        }
    }

    /// A measure of what `int8` loses.
    public struct Loss: Encodable, Sendable {
        public let name: String
        public let value: Double
    }

    public let threads: Int
    public let runs: Int
    public let tasks: [Task]
    /// In the order of `Precision.allCases`.
    public let roofs: [Roof]
    public let losses: [Loss]

    /// Measures the model at `path`.
    ///
    /// - Parameters:
    ///   - texts: what to run on; nil for prose of our own.
    ///   - runs: turns of each precision.
    /// - Throws: `TrawlError` when there is no such model, it is damaged, or `texts` are too few or too short.
    public init(path: String, texts: [String]? = nil, runs: Int = 5, pool: ThreadPool = .shared) throws {
        precondition(runs > 0)
        let folder = try ModelFolder(path: path)
        if folder.isEncoder {
            try self.init(EncoderWorkload.self, folder, texts, runs, pool)
        } else {
            try self.init(DecoderWorkload.self, folder, texts, runs, pool)
        }
    }

    private init<Load: Workload>(
        _ type: Load.Type, _ folder: ModelFolder, _ texts: [String]?, _ runs: Int, _ pool: ThreadPool
    ) throws {
        let texts = texts ?? SampleTexts.passages(Load.sampleCount)
        // Memory first, with one model at a time.
        let roofs = try Precision.allCases.map { precision in
            PeakMemory.reset()
            let load = try Load(folder, precision, texts, pool)
            for task in load.tasks { _ = try task.time() }
            let memory = PeakMemory.bytes
            return Roof(
                precision: precision, peak: ArithmeticPeak.measure(precision, pool: pool), peakMemory: memory)
        }
        let loads = try Precision.allCases.map { try Load(folder, $0, texts, pool) }
        for load in loads { for task in load.tasks { _ = try task.time() } }
        self.runs = runs
        threads = pool.threadCount
        self.roofs = roofs
        tasks = try loads[0].tasks.indices.map { index in
            var times = [[Double]](repeating: [], count: loads.count)
            for _ in 0..<runs {
                for (load, workload) in loads.enumerated() { times[load].append(try workload.tasks[index].time()) }
            }
            let task = loads[0].tasks[index]
            let speeds = zip(roofs, times).map { roof, times in
                let median = times.sorted()[times.count / 2]
                return Speed(
                    precision: roof.precision, seconds: median, tokensPerSecond: Double(task.tokens) / median,
                    shareOfPeak: task.operations / median / roof.peak)
            }
            return Task(name: task.name, tokens: task.tokens, isLatency: task.isLatency, speeds: speeds)
        }
        losses = try loads[0].loss(of: loads[1])
    }
}

/// A model in one precision with the work that it is measured on.
protocol Workload {
    /// How many passages of `SampleTexts` it wants.
    static var sampleCount: Int { get }
    /// The same for every precision.
    var tasks: [WorkloadTask] { get }

    init(_ folder: ModelFolder, _ precision: Precision, _ texts: [String], _ pool: ThreadPool) throws
    /// What `other`, the same model in another precision, loses against this.
    func loss(of other: Self) throws -> [ModelBenchmark.Loss]
}

struct WorkloadTask {
    let name: String
    let tokens: Int
    /// A multiply-add is two.
    let operations: Double
    var isLatency = false
    /// What has to be done before each turn and does not count.
    var prepare: () throws -> Void = {}
    let run: () throws -> Void

    /// Seconds of one turn.
    func time() throws -> Double {
        try prepare()
        let start = ContinuousClock.now
        try run()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
