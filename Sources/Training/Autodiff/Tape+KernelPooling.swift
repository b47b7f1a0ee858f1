internal import TrawlModels
internal import TrawlTensors

/// Two texts whose rows are compared.
public struct ComparedSpans {
    public let query: Range<Int>
    public let passage: Range<Int>

    public init(query: Range<Int>, passage: Range<Int>) { (self.query, self.passage) = (query, passage) }
}

extension Tape {
    /// Counts of the rows of passages that are more or less like those of their queries, by kernels (`KernelPooling`): for each pair
    /// the features of each variable for queries with each for passages, `[pairs, variables * variables * kernels]`.
    ///
    /// - Parameters:
    ///   - views: Rows of length 1, `[rows, columns]` each: several vectors of each row, such as those of n-grams of a width.
    ///   - means, deviations: Of the kernels, one row each.
    ///   - trained: How many kernels, from the first on, have gradients. The narrow kernel of equal rows should have none: a step
    ///     could widen it past recognition, or to nothing.
    /// - Complexity: O(views² x rows of queries x rows of passages x (columns + kernels)).
    public func kernelPooling(
        _ views: [Variable], pairs: [ComparedSpans], means: Parameter, deviations: Parameter, trained: Int
    ) -> Variable {
        for view in views { require(view) }
        let kernels = means.count
        precondition(deviations.count == kernels && views.allSatisfy { $0.columns == views[0].columns })
        let isTrained = means.isTrained || deviations.isTrained || views.contains { $0.gradient != nil }
        let width = views.count * views.count * kernels
        let y = makeVariable(pairs.count, width, needsGradient: isTrained)
        let pooling = KernelPooling(means: means.value, deviations: deviations.value, count: kernels)
        // Memory for each pair is taken here: tasks run on several threads.
        let work = pairs.map { pair -> PairMemory in
            let (rows, columns) = (pair.query.count, pair.passage.count)
            let tables = views.count * views.count
            return PairMemory(
                pair: pair, cosines: floats(tables * rows * columns), sums: floats(tables * kernels * rows),
                scratch: floats(2 * columns))
        }
        parallel(pairs.count, by: 1) { range in
            for index in range {
                let memory = work[index]
                memory.forEachTable(views) { table, left, right in
                    let cosines = memory.cosines + table * memory.cells
                    for row in 0..<memory.rows {
                        let from = left.value + (memory.pair.query.lowerBound + row) * left.columns
                        for column in 0..<memory.columns {
                            let to = right.value + (memory.pair.passage.lowerBound + column) * left.columns
                            cosines[row * memory.columns + column] = Kernels.dot(from, to, left.columns)
                        }
                    }
                    pooling.pool(
                        cosines, rows: memory.rows, columns: memory.columns, stride: memory.columns,
                        scratch: memory.scratch,
                        sums: memory.sums + table * kernels * memory.rows,
                        into: y.value + index * width + table * kernels
                    )
                }
            }
        }
        guard let dy = y.gradient else { return y }
        // A pair's own part of the gradients of the kernels; they are added up in the order of pairs.
        let ofKernels = floats(pairs.count * 2 * kernels)
        record { [self] in
            ofKernels.update(repeating: 0, count: pairs.count * 2 * kernels)
            parallel(pairs.count, by: 1) { range in
                for index in range {
                    let memory = work[index]
                    let part = ofKernels + index * 2 * kernels
                    memory.forEachTable(views) { table, left, right in
                        memory.carryBack(
                            dy + index * width + table * kernels, table: table, pooling, trained: trained, left, right,
                            means: part, deviations: part + kernels)
                    }
                }
            }
            for index in pairs.indices {
                let part = ofKernels + index * 2 * kernels
                if let gradient = means.gradient { Kernels.add(part, to: gradient, trained) }
                if let gradient = deviations.gradient { Kernels.add(part + kernels, to: gradient, trained) }
            }
        }
        return y
    }
}

/// What is kept of a pair between the passes.
private struct PairMemory {
    let pair: ComparedSpans
    /// `[views * views, rows, columns]`.
    let cosines: UnsafeMutablePointer<Float>
    /// `[views * views, kernels, rows]`.
    let sums: UnsafeMutablePointer<Float>
    /// `[2, columns]`.
    let scratch: UnsafeMutablePointer<Float>

    var rows: Int { pair.query.count }
    var columns: Int { pair.passage.count }
    var cells: Int { rows * columns }

    func forEachTable(_ views: [Variable], _ body: (_ table: Int, _ query: Variable, _ passage: Variable) -> Void) {
        for left in views.indices {
            for right in views.indices { body(left * views.count + right, views[left], views[right]) }
        }
    }

    /// From the gradients of the features of a table to those of the rows and the kernels.
    func carryBack(
        _ slopes: UnsafePointer<Float>, table: Int, _ pooling: KernelPooling, trained: Int, _ left: Variable,
        _ right: Variable, means: UnsafeMutablePointer<Float>, deviations: UnsafeMutablePointer<Float>
    ) {
        let kernels = pooling.count
        let (responses, ofCosines) = (scratch, scratch + columns)
        for row in 0..<rows {
            let line = cosines + table * cells + row * columns
            ofCosines.update(repeating: 0, count: columns)
            for kernel in 0..<kernels where slopes[kernel] != 0 {
                let sum = sums[(table * kernels + kernel) * rows + row]
                let slope = slopes[kernel] / (KernelPooling.least + sum)
                pooling.responses(kernel, line, columns, into: responses)
                let (mean, deviation) = (pooling.means[kernel], pooling.deviations[kernel])
                let inverse = 1 / (deviation * deviation)
                var (ofMean, ofDeviation): (Float, Float) = (0, 0)
                for column in 0..<columns {
                    let distance = line[column] - mean
                    let change = slope * responses[column] * distance * inverse
                    ofCosines[column] -= change
                    ofMean += change
                    ofDeviation += change * distance
                }
                if kernel < trained {
                    means[kernel] += ofMean
                    deviations[kernel] += ofDeviation / deviation
                }
            }
            let size = left.columns
            let (from, to) = (pair.query.lowerBound + row, pair.passage.lowerBound)
            for column in 0..<columns where ofCosines[column] != 0 {
                let (near, far) = (left.value + from * size, right.value + (to + column) * size)
                if let gradient = left.gradient {
                    Kernels.addScaled(ofCosines[column], far, to: gradient + from * size, size)
                }
                if let gradient = right.gradient {
                    Kernels.addScaled(ofCosines[column], near, to: gradient + (to + column) * size, size)
                }
            }
        }
    }
}
