internal import Foundation
internal import TrawlCore

/// A learning-rate schedule that is computed from the gradients of an earlier training (algorithm 1 of Defazio et al. 2023,
/// arXiv 2310.07831, with the exponent for Adam). The weight of a step is one over the size of its gradient. The rate of a
/// step is its weight times the sum of all later weights. Equal gradients give a linear decay. Gradients that shrink keep the
/// rate high for longer.
///
/// For Adam the paper takes the sum of the absolute values of a gradient. Here it is the Euclidean norm, which is
/// proportional to that sum as long as the gradient's distribution stays the same. Windows of medians are cut at the ends,
/// where the paper pads. A schedule depends on the share of a training that is done, so it suits trainings of other lengths.
public enum RefinedSchedule {
    /// The file in the folder of a trained model: a JSON list with the gradient norm of each step before clipping.
    public static let fileName = "gradient_norms.json"

    /// The share of the training that one median covers.
    private static let smoothing = 0.1
    private static let points = 200

    /// The rate at equal distances from the start of a training to its end, as a share of the highest.
    ///
    /// - Parameter norms: The gradient norm of each step.
    /// - Complexity: O(points x smoothing x steps x log steps).
    public static func schedule(of norms: [Float]) -> [Float] {
        guard !norms.isEmpty else { return [] }
        let count = min(points, norms.count)
        let half = Int(Double(norms.count) * smoothing / 2)
        // Steps without a gradient must not take all the weight.
        let floor = max(1e-12, 0.01 * Double(norms.sorted()[norms.count / 2]))
        let weights = (0..<count).map { point in
            let middle = point * norms.count / count
            let window = norms[max(0, middle - half)...min(norms.count - 1, middle + half)].sorted()
            return 1 / max(Double(window[window.count / 2]), floor)
        }
        var later = 0.0
        var rates = weights.reversed().map { weight in
            defer { later += weight }
            return weight * later
        }
        rates.reverse()
        let highest = rates.max() ?? 0
        return highest > 0 ? rates.map { Float($0 / highest) } : [1]
    }

    /// The schedule from the gradients of the model that was trained into `folder`.
    ///
    /// - Throws: `TrawlError.notFound` where the folder has no gradient norms, `.corrupted` where one is negative.
    public static func schedule(ofTrainingIn folder: String) throws -> [Float] {
        let path = folder + "/" + fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrawlError(
                .notFound, "there are no gradient norms of an earlier training", path: path,
                remedy: "name a model whose training came to its end")
        }
        guard let norms = try? JSONDecoder().decode([Float].self, from: data), !norms.isEmpty,
            norms.allSatisfy({ $0.isFinite && $0 >= 0 })
        else {
            throw TrawlError(
                .corrupted, "the file is not a list of gradient norms", path: path, remedy: "train it again")
        }
        return schedule(of: norms)
    }
}
