/// The arithmetic of the products with weights.
public enum Precision: String, Codable, Hashable, Sendable, CaseIterable {
    /// Single precision, exact but for rounding.
    case f32
    /// Weights and activations of 8 bits in groups of 32 inputs that share a scale; sums within a group are exact.
    /// GGUF's Q4_0, Q4_1 and Q8_0 weights stay what they are in the file.
    case int8
}
