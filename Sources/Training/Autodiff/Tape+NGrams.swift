internal import TrawlTensors

extension Tape {
    /// The sum of a bias and of what the tokens of each n-gram add to it at their places: the convolution of a text, of which each
    /// distinct token was multiplied once. `[tokens, columns]`, an n-gram from each token on; tokens beyond the end of a text add
    /// nothing.
    ///
    /// - Parameters:
    ///   - places: What each distinct token adds at each place of an n-gram, `[distinct tokens, columns]` each.
    ///   - bias: `[columns]`.
    ///   - tokens: Of all texts, end to end: the rows of `places`.
    ///   - spans: The places of each text among `tokens`, which they divide.
    /// - Complexity: O(tokens x places x columns).
    public func ngrams(_ places: [Variable], bias: Parameter, tokens: [Int], spans: [Range<Int>]) -> Variable {
        for place in places { require(place) }
        let columns = bias.count
        precondition(
            places.allSatisfy { place in
                place.columns == columns && tokens.allSatisfy { $0 >= 0 && $0 < place.rows }
            }, "a row that a place does not have")
        let y = makeVariable(
            tokens.count, columns, needsGradient: bias.isTrained || places.contains { $0.gradient != nil })
        parallel(spans.count, by: 8) { range in
            for span in spans[range] {
                for first in span {
                    let row = y.value + first * columns
                    row.update(from: bias.value, count: columns)
                    for (offset, place) in places.enumerated() where first + offset < span.upperBound {
                        Kernels.add(place.value + tokens[first + offset] * columns, to: row, columns)
                    }
                }
            }
        }
        guard let dy = y.gradient else { return y }
        record { [self] in
            if let gradient = bias.gradient { sumRows(dy, tokens.count, columns, into: gradient) }
            // N-grams share the rows of a place, so that one thread takes all of it.
            parallel(places.count, by: 1) { range in
                for offset in range {
                    guard let gradient = places[offset].gradient else { continue }
                    for span in spans {
                        for last in span.dropFirst(offset) {
                            Kernels.add(dy + (last - offset) * columns, to: gradient + tokens[last] * columns, columns)
                        }
                    }
                }
            }
        }
        return y
    }
}
