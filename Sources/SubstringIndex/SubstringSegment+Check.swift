internal import CTrawlKernels
public import TrawlCore
internal import TrawlStore

extension SubstringSegment {
    /// Compares every structure of the segment with the others.
    ///
    /// In full: checksums, counters, and how often each symbol and passage occurs in each structure. By sample: n-grams
    /// of `sample` passages against a scan of the whole text, and those passages' rows against the passages.
    ///
    /// - Throws: `TrawlError.corrupted` that says what contradicts what.
    /// - Complexity: O(n log sigma), a few sequential passes.
    func check(sample: Int) throws {
        if let reader {
            for (kind, _) in SegmentLayout.allBlobs { try reader.verifyChecksums(kind) }
        }
        let codes = (0..<UInt32(symbolCount)).map { code(of: $0) }
        try matrix.check(
            codes: codes.map(\.code),
            leaves: codes.enumerated().map {
                trawl_wavelet_leaf(token: token(of: UInt32($0.offset)), shift: $0.element.shift)
            })
        try checkSymbols()
        try checkPassages()
        try checkSample(evenly(sample))
    }

    /// `sample` passages at equal distances, the first and last among them.
    func evenly(_ sample: Int) -> [Int] {
        let sample = min(sample, passageCount)
        guard sample > 1 else { return sample == 1 ? [0] : [] }
        return (0..<sample).map { $0 * (passageCount - 1) / (sample - 1) }
    }

    /// The symbols, the vocabulary and the wavelet matrix count the same.
    private func checkSymbols() throws {
        var first: UInt32 = 0
        var previous: TokenID?
        for symbol in 0..<UInt32(symbolCount) {
            let (token, rows, code) = (token(of: symbol), rows(of: symbol), code(of: symbol))
            guard rows.low == first, rows.high > first, Int(rows.high) <= tokenCount,
                previous.map({ $0 < token }) ?? true, vocabulary.symbol(of: token) == symbol
            else { throw damagedIndex("symbol \(symbol) contradicts its neighbours or the vocabulary") }
            // The rows that the whole range leads to are the symbol's own.
            guard let run = matrix.follow(code.code, 0, UInt32(tokenCount)),
                run.low &+ code.shift == rows.low, run.high &+ code.shift == rows.high
            else { throw damagedIndex("the wavelet matrix leads symbol \(symbol) to the wrong rows") }
            first = rows.high
            previous = token
        }
        guard Int(first) == tokenCount else {
            throw damagedIndex("the symbols occur \(first) times, the text has \(tokenCount) tokens")
        }
        guard vocabulary.tokenCount == symbolCount else {
            throw damagedIndex("the vocabulary names \(vocabulary.tokenCount) tokens, there are \(symbolCount)")
        }
    }

    /// Passages, text and rows hold the same tokens and passages equally often.
    private func checkPassages() throws {
        var symbols = [UInt32](repeating: 0, count: symbolCount)
        var lengths = [Int](repeating: 0, count: passageCount)
        var end = 0
        for passage in 0..<passageCount {
            guard let range = textRange(of: passage), range.lowerBound == end else {
                throw damagedIndex("passage \(passage) does not start where the one before ends")
            }
            end = range.upperBound
            for token in try tokens(of: passage) {
                guard let symbol = vocabulary.symbol(of: token) else {
                    throw damagedIndex("passage \(passage) has a token \(token) that does not occur")
                }
                symbols[Int(symbol)] += 1
                lengths[passage] += 1
            }
        }
        guard end == text.count, lengths.reduce(0, +) == tokenCount else {
            throw damagedIndex("the passages do not have \(tokenCount) tokens")
        }
        for symbol in 0..<UInt32(symbolCount) {
            let rows = rows(of: symbol)
            guard symbols[Int(symbol)] == rows.high - rows.low else {
                throw damagedIndex("token \(token(of: symbol)) occurs \(symbols[Int(symbol)]) times in the text only")
            }
        }
        var rows = [Int](repeating: 0, count: passageCount)
        try rowPassages.forEach(in: 0..<tokenCount) { passage in
            guard passage < passageCount else { throw damagedIndex("a row lies in passage \(passage)") }
            rows[Int(passage)] += 1
        }
        for passage in 0..<passageCount where rows[passage] != lengths[passage] {
            throw damagedIndex("passage \(passage) has \(rows[passage]) rows")
        }
    }

    /// Ranges of n-grams of `sample` against a scan of all passages.
    private func checkSample(_ sample: [Int]) throws {
        var ngrams: [[TokenID]] = []
        for (number, passage) in sample.enumerated() {
            let tokens = try [boundary] + tokens(of: passage)
            let start = number % tokens.count
            let ngram = Array(tokens[start..<min(tokens.count, start + 1 + number % 4)])
            // Behind a boundary inside an n-gram the index reads on in another passage; see SubstringIndex.
            if ngram != [boundary], !ngram.dropFirst().dropLast().contains(boundary) { ngrams.append(ngram) }
            guard let range = find(tokens), passages(range).contains(where: { $0.passage == passage }) else {
                throw damagedIndex("passage \(passage) is not found by its own text")
            }
        }
        ngrams.sort { $0.lexicographicallyPrecedes($1) }
        var starts: [TokenID: Range<Int>] = [:]
        for (place, ngram) in ngrams.enumerated() {
            starts[ngram[0]] = (starts[ngram[0]]?.lowerBound ?? place)..<(place + 1)
        }
        var found = [[UInt32: Int]](repeating: [:], count: ngrams.count)
        for passage in 0..<passageCount {
            let tokens = try [boundary] + tokens(of: passage)
            for start in tokens.indices {
                for place in starts[tokens[start]] ?? 0..<0
                where tokens[start...].starts(with: ngrams[place]) {
                    found[place][UInt32(passage), default: 0] += 1
                }
            }
        }
        for (ngram, counts) in zip(ngrams, found) {
            let listed = find(ngram).map { passages($0) } ?? []
            guard listed.count == counts.count, listed.allSatisfy({ counts[$0.passage] == $0.count }) else {
                throw damagedIndex("the n-gram \(ngram) occurs elsewhere than a scan of the text finds it")
            }
        }
    }

    private func find(_ ngram: [TokenID]) -> RowRange? {
        var range = root
        for token in ngram {
            guard let next = extend(range, by: token) else { return nil }
            range = next
        }
        return range
    }
}

extension SubstringIndex {
    /// Proves, in part by sample, that every structure of the index agrees with the others and with `expected`.
    ///
    /// - Parameters:
    ///   - sample: the passages of each segment whose n-grams are compared with a scan of the text.
    ///   - expected: the tokens that a passage was indexed with, its boundary included; asked for the sampled passages.
    /// - Throws: `TrawlError.corrupted` that says what contradicts what, and what `expected` throws.
    /// - Complexity: O(n log sigma).
    public func check(
        sample: Int = 64, progress: any ProgressReporter = .silent,
        expected: ((PassageID) throws -> [TokenID])? = nil
    ) throws {
        progress.begin("checking n-grams", total: totalTokens, unit: "tokens")
        for (base, segment) in zip(bases, segments) {
            do {
                // What a segment holds is checked as it was written; its deletions are checked by themselves.
                let segment = try segment.reader.map { try SubstringSegment($0, ignoringDeletions: true) } ?? segment
                try segment.check(sample: sample)
                for passage in segment.evenly(sample) {
                    let number = PassageID(base + UInt32(passage))
                    guard let expected, try segment.tokens(of: passage) != expected(number) else { continue }
                    throw damagedIndex("passage \(number.rawValue) is not the one that was indexed")
                }
            } catch let error as TrawlError {
                guard let path = segment.reader?.snapshot.path else { throw error }
                throw error.at(path: path)
            }
            progress.advance(segment.tokenCount)
        }
        progress.end()
    }
}
