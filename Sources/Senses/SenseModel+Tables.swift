/// The numbers of a model, for those who store it.
extension SenseModel {
    package struct Tables {
        package let rows: Int
        /// Sense vectors and shares.
        package let all: [[Float]]

        package init(rows: Int, all: [[Float]]) { (self.rows, self.all) = (rows, all) }

        /// How long the tables of a model are; nil if one is longer than `most`.
        package static func sizes(words: Int, rows: Int, dimensions: Int, most: Int) -> [Int]? {
            let (senses, tooMany) = words.multipliedReportingOverflow(by: rows)
            let (size, tooLarge) = senses.multipliedReportingOverflow(by: dimensions)
            guard !tooMany, !tooLarge, size <= most else { return nil }
            return [size, senses]
        }
    }

    package var tables: Tables {
        Tables(rows: rows, all: [senseVectors, shares])
    }

    /// - Parameter tables: of the sizes that `Tables.sizes` gives.
    /// - Returns: nil for tables by which a word has no sense, or one after what is not a sense.
    package init?(words: [SenseText.Word], dimensions: Int, window: Int, _ tables: Tables) {
        self.init(
            words: words, dimensions: dimensions, window: window, rows: tables.rows, senseVectors: tables.all[0],
            shares: tables.all[1])
        let areSound = words.indices.allSatisfy { word in
            let count = senseCount(of: word)
            return count > 0 && (0..<count).allSatisfy { share(of: word, sense: $0) > 0 }
        }
        guard areSound else { return nil }
    }
}
