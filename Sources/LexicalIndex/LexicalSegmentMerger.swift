public import TrawlCore
public import TrawlStore

/// Writes the lexical index of a segment that is put together from slices of others. No text is analysed: terms are merged
/// in the order of their bytes, and their postings renumbered.
///
/// The result is, byte for byte, what `LexicalSegmentBuilder` makes of the same passages. Memory: four bytes for every
/// passage of the segments that slices are taken from, and the postings of one term.
public enum LexicalSegmentMerger {
    /// - Throws: `corrupted` when a slice's segment is.
    /// - Complexity: O(terms + postings) of the slices' segments.
    public static func merge(
        _ slices: [SegmentSlice], into writer: SegmentWriter, progress: any ProgressReporter = .silent
    ) throws {
        let (tokenCount, passageCount) = try writeLengths(slices, into: writer)
        var sources = try Source.all(slices)
        let terms = TermWriter(writer)
        var termCount: UInt32 = 0
        var list = PostingEncoder()
        while let term = sources.compactMap(\.term).min(by: { $0.lexicographicallyPrecedes($1) }) {
            list.start()
            for place in sources.indices where sources[place].term == term {
                try sources[place].appendPostings(to: &list)
                try sources[place].advance()
            }
            guard list.passageFrequency > 0 else { continue }
            try terms.append(term, &list)
            termCount += 1
            progress.advance(1)
        }
        try terms.finish()
        try writer.put(
            LexicalSegment.totals, LexicalSegment.totalsKey,
            TotalsRecord(tokenCount: tokenCount, passageCount: passageCount, termCount: termCount))
    }

    private static func writeLengths(_ slices: [SegmentSlice], into writer: SegmentWriter) throws
        -> (tokens: UInt64, passages: UInt32)
    {
        let blob = writer.blob(LexicalSegment.lengths, recordSize: 4)
        var (tokens, passages): (UInt64, UInt32) = (0, 0)
        for slice in slices {
            let lengths = try slice.reader.blob(LexicalSegment.lengths, recordSize: 4)
            guard lengths.recordCount == slice.reader.info.passageCount else {
                throw PostingList.damaged(
                    slice.reader, "the lexical index has another number of passages than the segment")
            }
            for run in slice.passages {
                for passage in run {
                    let length = lengths.load(Int(passage), as: UInt32.self)
                    try blob.append(length)
                    tokens += UInt64(length)
                    passages += 1
                }
            }
        }
        try blob.finish()
        return (tokens, passages)
    }

    /// The terms of one slice, one at a time in the order of their bytes.
    private struct Source {
        private let segment: SegmentReader
        private let postings: Blob
        private let blocks: Blob?
        private let lengths: Blob
        /// The new number of each passage; `UInt32.max` for those that stay behind.
        private let numbers: [UInt32]
        private(set) var term: [UInt8]?
        private var record: TermRecord?

        static func all(_ slices: [SegmentSlice]) throws -> [Source] {
            var base: UInt32 = 0
            return try slices.map { slice in
                defer { base += UInt32(slice.passageCount) }
                return try Source(slice, base: base)
            }
        }

        private init(_ slice: SegmentSlice, base: UInt32) throws {
            segment = slice.reader
            postings = try slice.reader.blob(LexicalSegment.postings, recordSize: 1)
            blocks = try LexicalSegment.blocks(of: slice.reader)
            lengths = try slice.reader.blob(LexicalSegment.lengths, recordSize: 4)
            numbers = slice.renumbering(from: base)
            try seek([])
        }

        mutating func advance() throws {
            if let term { try seek(term + [0]) }
        }

        private mutating func seek(_ key: [UInt8]) throws {
            let found = try segment.firstRecord(of: LexicalSegment.terms, from: key)
            if let found, found.key.lexicographicallyPrecedes(key) {
                throw PostingList.damaged(segment, "its terms are out of order")
            }
            term = found?.key
            record = found?.value
        }

        func appendPostings(to list: inout PostingEncoder) throws {
            guard let term, let record else { return }
            try PostingList(record, of: term, postings, blocks: blocks, segment).forEachPosting { passage, frequency in
                let number = numbers[Int(passage)]
                if number != .max {
                    list.append(number, frequency, length: lengths.load(Int(passage), as: UInt32.self))
                }
                return true
            }
        }
    }
}
