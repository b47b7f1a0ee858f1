import TrawlCore
public import TrawlTensors

/// Stages of reranking as a user writes them, each of which reads what the one before it made:
///
/// ```
/// try RerankChain("cross:100,likelihood:20")
/// ```
///
/// A stage is `NAME[:DEPTH][@WEIGHT]`. The name is a reranker's (`cross`), a model's or a path, both (`cross=MODEL`), or
/// `default`. A colon or an at sign that is part of a path must have a slash after it.
public struct RerankChain: Equatable, Sendable {
    public struct Stage: Equatable, Sendable {
        /// nil: the first reranker that can use the model.
        public var reranker: String?
        /// nil: the reranker's default.
        public var model: String?
        public var depth: Int?
        public var weight: Float?

        public init(reranker: String? = nil, model: String? = nil, depth: Int? = nil, weight: Float? = nil) {
            self.reranker = reranker
            self.model = model
            self.depth = depth
            self.weight = weight
        }
    }

    public var stages: [Stage]

    /// The name of the default reranker, whatever its model is called.
    private static let defaultName = "default"

    /// The default reranker alone.
    public static let `default` = RerankChain(stages: [Stage()])

    public init(stages: [Stage]) { self.stages = stages }

    /// - Throws: `TrawlError.invalidInput` that names the stage which cannot be read.
    public init(_ text: String, rerankers: Rerankers = .default) throws {
        stages = try text.split(separator: ",", omittingEmptySubsequences: false).map {
            try Self.stage(String($0), rerankers)
        }
    }

    /// What a search takes.
    ///
    /// - Parameters:
    ///   - depth: of stages that name none.
    ///   - weight: of stages that name none.
    public func settings(depth: Int? = nil, weight: Float? = nil, precision: Precision = .f32) -> [RerankSettings] {
        let defaults = RerankSettings()
        return stages.map { stage in
            RerankSettings(
                reranker: stage.reranker, model: stage.model, depth: stage.depth ?? depth ?? defaults.depth,
                weight: stage.weight ?? weight, precision: precision)
        }
    }

    /// Whether a word can hardly be meant as anything but a chain: it has no spaces, and a stage of it is the name of a
    /// reranker, or has a depth, a weight or a model.
    public static func isUnmistakable(_ word: String, rerankers: Rerankers = .default) -> Bool {
        guard !word.isEmpty, !word.contains(where: \.isWhitespace) else { return false }
        return word.split(separator: ",", omittingEmptySubsequences: false).contains { text in
            if rerankers.named(String(text)) != nil { return true }
            let parts = Parts(String(text), rerankers)
            if parts.reranker != nil { return true }
            return !parts.name.isEmpty
                && (parts.depth.flatMap(Int.init) != nil || parts.weight.flatMap(Float.init) != nil)
        }
    }

    /// A stage cut at its signs, nothing checked.
    private struct Parts {
        var reranker: String?
        var name: String
        var depth: String?
        var weight: String?

        init(_ text: String, _ rerankers: Rerankers) {
            name = text
            weight = Self.cut(&name, at: "@")
            depth = Self.cut(&name, at: ":")
            if let sign = name.firstIndex(of: "="), rerankers.named(String(name[..<sign])) != nil {
                reranker = String(name[..<sign])
                name = String(name[name.index(after: sign)...])
            } else if rerankers.named(name) != nil {
                reranker = name
                name = ""
            }
        }

        /// What follows the last `sign`, unless it is part of a path.
        private static func cut(_ text: inout String, at sign: Character) -> String? {
            guard let place = text.lastIndex(of: sign) else { return nil }
            let rest = text[text.index(after: place)...]
            guard !rest.contains("/") else { return nil }
            defer { text = String(text[..<place]) }
            return String(rest)
        }
    }

    private static func stage(_ text: String, _ rerankers: Rerankers) throws -> Stage {
        func invalid(_ message: String) -> TrawlError {
            TrawlError(
                .invalidInput, message,
                remedy: "write NAME:DEPTH@WEIGHT, such as cross:100 or cross=MODEL:50; the rerankers are "
                    + "\(rerankers.names), and a model's name stands for itself")
        }
        let parts = Parts(text, rerankers)
        var stage = Stage(reranker: parts.reranker)
        if let depth = parts.depth {
            guard let number = Int(depth), number >= 1 else {
                throw invalid("the depth '\(depth)' of the stage '\(text)' is not a number from 1")
            }
            stage.depth = number
        }
        if let weight = parts.weight {
            guard let number = Float(weight), 0...1 ~= number else {
                throw invalid("the weight '\(weight)' of the stage '\(text)' is not a number from 0 to 1")
            }
            stage.weight = number
        }
        if parts.name.isEmpty {
            guard parts.reranker != nil, !text.contains("=") else {
                throw invalid(
                    text.isEmpty
                        ? "a stage of the chain is empty"
                        : "the stage '\(text)' names no \(parts.reranker == nil ? "reranker" : "model")")
            }
        } else {
            if let sign = parts.name.firstIndex(of: "="), !parts.name[..<sign].contains("/"), parts.reranker == nil {
                throw rerankers.unknown(String(parts.name[..<sign]))
            }
            stage.model = parts.name == defaultName && parts.reranker == nil ? nil : parts.name
        }
        return stage
    }
}

extension RerankChain: CustomStringConvertible {
    public var description: String {
        stages.map { stage in
            let name = [stage.reranker, stage.model].compactMap { $0 }.joined(separator: "=")
            return (name.isEmpty ? Self.defaultName : name) + (stage.depth.map { ":\($0)" } ?? "")
                + (stage.weight.map { "@\($0)" } ?? "")
        }.joined(separator: ",")
    }
}
