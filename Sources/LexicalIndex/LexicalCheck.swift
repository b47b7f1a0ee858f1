public import TrawlCore
public import TrawlStore

extension LexicalSearcher {
    /// Proves that the lexical index of `segment` is what its passages give when they are analysed again.
    ///
    /// - Parameter text: the text of a passage of the segment, counted from 0.
    /// - Throws: `corrupted` with the first difference.
    public static func check(
        _ segment: SegmentReader, settings: AnalyzerSettings, progress: any ProgressReporter = .silent,
        text: (_ passage: Int) throws -> String
    ) throws {
        try segment.verifyChecksums(LexicalSegment.postings)
        try segment.verifyChecksums(LexicalSegment.lengths)
        let builder = try LexicalSegmentBuilder(settings)
        for passage in 0..<Int(segment.info.passageCount) {
            builder.add(passageText: try text(passage))
            progress.advance(1)
        }
        let totals = try segment.record(LexicalSegment.totals, LexicalSegment.totalsKey)
        try segment.require(totals == builder.totals, "the totals of the lexical index do not fit the passages")
        let lengths = try segment.blob(LexicalSegment.lengths, recordSize: 4)
        try segment.require(lengths.recordCount == builder.passageCount, "there is not one length for every passage")
        for passage in 0..<builder.passageCount {
            try segment.require(
                lengths.load(passage, as: UInt32.self) == builder.length(passage),
                "the length of passage \(passage) does not fit its text")
        }
        try checkPostings(segment, builder)
        var stored: UInt32 = 0
        try segment.forEachRecord(of: LexicalSegment.terms) { _, _ in
            stored += 1
            return true
        }
        try segment.require(stored == builder.totals.termCount, "there are terms that no passage holds")
    }

    private static func checkPostings(_ segment: SegmentReader, _ builder: LexicalSegmentBuilder) throws {
        let postings = try segment.blob(LexicalSegment.postings, recordSize: 1)
        let blocks = try LexicalSegment.blocks(of: segment)
        if blocks != nil { try segment.verifyChecksums(LexicalSegment.blocks) }
        var (expectedBytes, expectedBlocks, ranges) = (0, 0, 0)
        try builder.forEachTerm(packs: blocks != nil) { term, list in
            let name = String(decoding: term, as: UTF8.self)
            let (record, range, described) = try list.finish(offset: expectedBytes, firstBlock: expectedBlocks)
            let stored = try segment.record(LexicalSegment.terms, term)
            try segment.require(stored == record, "the record of the term '\(name)' does not fit the passages")
            let end = expectedBytes + list.bytes.count
            try segment.require(
                try postings.bytes(in: expectedBytes..<end) == list.bytes,
                "the postings of the term '\(name)' do not fit the passages")
            expectedBytes = end
            guard let range, let blocks else { return }
            try segment.require(
                try segment.record(LexicalSegment.blockRanges, term) == range
                    && expectedBlocks + described.count <= blocks.recordCount
                    && described.indices.allSatisfy { described[$0] == blocks.load(expectedBlocks + $0) },
                "the blocks of the term '\(name)' do not fit its postings")
            expectedBlocks += described.count
            ranges += 1
        }
        try segment.require(postings.byteCount == expectedBytes, "there are postings of no term")
        try segment.require((blocks?.recordCount ?? 0) == expectedBlocks, "there are blocks of no term")
        try segment.forEachRecord(of: LexicalSegment.blockRanges) { _, _ in
            ranges -= 1
            return true
        }
        try segment.require(ranges == 0, "there are blocks of terms that no passage holds")
    }
}

extension SegmentReader {
    fileprivate func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        if !condition { throw PostingList.damaged(self, what()) }
    }
}
