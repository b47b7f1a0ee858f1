internal import Foundation
internal import TrawlCore

/// The course of a learning rate that the gradients of an earlier training ask for (algorithm 1 of Defazio et al. 2023,
/// arXiv 2310.07831, with the exponent for Adam): a step's rate is its weight, one over the size of its gradient, times
/// the sum of all later weights. Equal gradients give a linear decay; where they shrink to the end, the rate stays high
/// longer.
///
/// The paper takes the sum of a gradient's absolute values for Adam; here it is the Euclidean norm, which is
/// proportional as long as the gradient's shape stays the same. Windows of medians are cut at the ends, where the paper
/// pads. A course goes by the share of a training that is done, so it serves trainings of other lengths.
public enum RefinedSchedule {
    /// The file in a trained generator's folder: the norm of each step's gradient before clipping, a JSON list.
    public static let fileName = "gradient_norms.json"

    /// The share of the training that one median is taken over.
    private static let smoothing = 0.1
    private static let points = 200

    /// The rate at equal distances from a training's start to its end, as a share of the highest.
    ///
    /// - Complexity: O(points x smoothing x steps x log steps).
    public static func course(of norms: [Float]) -> [Float] {
        guard !norms.isEmpty else { return [] }
        let count = min(points, norms.count)
        let half = Int(Double(norms.count) * smoothing / 2)
        // Steps without a gradient must not have all the weight.
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

    /// The course that the training of the generator in `folder` asks for.
    ///
    /// - Throws: `TrawlError` when that has no gradient norms or one that is below 0.
    public static func course(ofTrainingIn folder: String) throws -> [Float] {
        let path = folder + "/" + fileName
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrawlError(
                .notFound, "there are no gradient norms of an earlier training", path: path,
                remedy: "name a generator that 'trawl train generator' trained to its end")
        }
        guard let norms = try? JSONDecoder().decode([Float].self, from: data), !norms.isEmpty,
            norms.allSatisfy({ $0.isFinite && $0 >= 0 })
        else {
            throw TrawlError(.corrupted, "this is no list of gradient norms", path: path, remedy: "train it again")
        }
        return course(of: norms)
    }
}
