/// The order of the rows of projections to queries and keys: llama.cpp's converter puts the two rows that rotary positions
/// turn together side by side, where Hugging Face has them half a head apart.
enum HeadRows {
    /// GGUF's order from Hugging Face's; `values`: whole heads of rows, one behind the other.
    static func interleaved(_ values: [Float], rows: Int, headDimension: Int) -> [Float] {
        reordered(values, rows) { (from: $0, to: place($0, headDimension)) }
    }

    /// Hugging Face's order from GGUF's.
    static func halves(_ values: [Float], rows: Int, headDimension: Int) -> [Float] {
        reordered(values, rows) { (from: place($0, headDimension), to: $0) }
    }

    /// Where row `row` of Hugging Face's order lies in GGUF's.
    private static func place(_ row: Int, _ headDimension: Int) -> Int {
        let (head, place) = (row / headDimension, row % headDimension)
        let half = headDimension / 2
        return head * headDimension + 2 * (place % half) + place / half
    }

    private static func reordered(_ values: [Float], _ rows: Int, _ move: (Int) -> (from: Int, to: Int)) -> [Float] {
        let columns = values.count / rows
        var result = values
        for row in 0..<rows {
            let (from, to) = move(row)
            result.replaceSubrange(
                to * columns..<(to + 1) * columns, with: values[from * columns..<(from + 1) * columns])
        }
        return result
    }
}
