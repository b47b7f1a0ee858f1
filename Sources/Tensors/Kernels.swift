internal import CTrawlKernels

/// The C kernels under Swift names, for the targets above. Shapes and errors: see the C headers.
package enum Kernels {
    package typealias Floats = UnsafePointer<Float>
    package typealias MutableFloats = UnsafeMutablePointer<Float>

    /// The outputs of a panel of a packed matrix.
    package static let panelWidth = Int(TRAWL_PANEL_WIDTH)

    /// The floats that a packed matrix of `k` inputs and `n` outputs takes.
    @inline(__always)
    package static func packedCount(_ n: Int, _ k: Int) -> Int { (n + panelWidth - 1) / panelWidth * panelWidth * k }

    /// y = x w, or y += x w; x: [m, k], panels: w packed, y: [m, n]. A row's result depends on nothing but the row and w.
    @inline(__always)
    package static func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ x: Floats, _ ldx: Int, panels: Floats, accumulating: Bool = false,
        into y: MutableFloats, _ ldy: Int
    ) {
        trawl_gemm(m, n, k, x, ldx, panels, accumulating, y, ldy)
    }

    /// Packs scale * w; w: [n, k], an output a row.
    @inline(__always)
    package static func pack(
        outputs w: Floats, _ ldw: Int, _ n: Int, _ k: Int, scale: Float = 1, into panels: MutableFloats
    ) {
        trawl_pack_outputs(w, ldw, n, k, scale, panels)
    }

    /// Packs w: [k, n], an input a row.
    @inline(__always)
    package static func pack(inputs w: Floats, _ ldw: Int, _ n: Int, _ k: Int, into panels: MutableFloats) {
        trawl_pack_inputs(w, ldw, n, k, panels)
    }

    package static func add(_ y: Floats, to x: MutableFloats, _ n: Int) { trawl_add(x, y, n) }

    package static func multiply(_ y: Floats, into x: MutableFloats, _ n: Int) { trawl_multiply(x, y, n) }

    @inline(__always)
    package static func addScaled(_ a: Float, _ y: Floats, to x: MutableFloats, _ n: Int) {
        trawl_add_scaled(x, a, y, n)
    }

    @inline(__always)
    package static func dot(_ a: Floats, _ b: Floats, _ n: Int) -> Float {
        var result: Float = 0
        trawl_dot(a, b, n, &result)
        return result
    }

    package static func softmax(_ x: MutableFloats, rows: Int, columns: Int, stride: Int) {
        trawl_softmax(x, rows, columns, stride)
    }

    package static func logSumExp(_ x: Floats, _ n: Int) -> Double {
        var result: Double = 0
        trawl_log_sum_exp(x, n, &result)
        return result
    }

    package static func layerNorm(
        _ x: MutableFloats, adding residual: Floats?, weight: Floats, bias: Floats, epsilon: Float, rows: Int,
        columns: Int
    ) {
        trawl_layer_norm(x, residual, weight, bias, epsilon, rows, columns)
    }

    package static func rmsNorm(
        _ x: Floats, weight: Floats, epsilon: Float, rows: Int, columns: Int, into out: MutableFloats
    ) {
        trawl_rms_norm(x, weight, epsilon, rows, columns, out)
    }

    package static func siluMultiply(_ gate: MutableFloats, _ up: Floats, _ n: Int) {
        trawl_silu_multiply(gate, up, n)
    }

    package static func rotate(
        _ x: MutableFloats, heads: Int, headDimension: Int, dimension: Int, cosines: Floats, sines: Floats,
        interleaved: Bool
    ) {
        if interleaved {
            trawl_rope_interleaved(x, heads, headDimension, dimension, cosines, sines)
        } else {
            trawl_rope_halves(x, heads, headDimension, dimension, cosines, sines)
        }
    }
}

/// The functions between the two layers of a feed-forward block.
public enum Activation: String, Sendable {
    case geluErf, geluTanh, relu, silu, tanh, identity

    /// From a Hugging Face `hidden_act`.
    public init?(configurationName: String) {
        switch configurationName {
        case "gelu": self = .geluErf
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh": self = .geluTanh
        case "relu": self = .relu
        case "silu", "swish": self = .silu
        case "tanh": self = .tanh
        case "identity", "linear": self = .identity
        default: return nil
        }
    }

    package func apply(_ x: UnsafeMutablePointer<Float>, _ n: Int) {
        switch self {
        case .geluErf: trawl_gelu_erf(x, n)
        case .geluTanh: trawl_gelu_tanh(x, n)
        case .relu: trawl_relu(x, n)
        case .silu: trawl_silu(x, n)
        case .tanh: trawl_tanh(x, n)
        case .identity: break
        }
    }
}
