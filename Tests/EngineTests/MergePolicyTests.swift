import Testing

@testable import TrawlEngine

@Suite struct MergePolicyTests {
    /// Plays the policy against sizes and counts what it writes.
    private struct Play {
        var policy = MergePolicy(largestMerge: 1_000_000)
        var segments: [MergePolicy.Segment] = []
        var written = 0
        var largestRewrite = 0

        mutating func add(_ bytes: Int) {
            segments.append(.init(liveBytes: bytes, bytes: bytes))
            written += bytes
            settle()
        }

        mutating func settle() {
            while let run = policy.nextMerge(segments) {
                let bytes = segments[run].reduce(0) { $0 + $1.liveBytes }
                segments.replaceSubrange(run, with: bytes > 0 ? [.init(liveBytes: bytes, bytes: bytes)] : [])
                written += bytes
                largestRewrite = max(largestRewrite, bytes)
            }
        }
    }

    @Test func manySmallAdditionsKeepToEightSegmentsAtLogarithmicCost() {
        var play = Play()
        for _ in 0..<2000 {
            play.add(100)
            #expect(play.segments.count <= 8)
        }
        // Rewriting everything at each addition would write 1000 times what was added.
        #expect(play.written <= 8 * 200_000, "\(play.written)")
    }

    @Test func aLargeSegmentIsNotRewrittenForSmallAdditions() {
        var play = Play()
        play.add(400_000)
        for _ in 0..<500 { play.add(100) }
        #expect(play.segments.count <= 8)
        #expect(play.segments.first?.bytes == 400_000)
        #expect(play.largestRewrite <= 50_000)
    }

    @Test func fullSegmentsAreLeftAloneAndDoNotCount() {
        var play = Play()
        for _ in 0..<20 { play.add(900_000) }
        #expect(play.segments.count == 20 && play.written == 20 * 900_000)
        for _ in 0..<30 { play.add(1000) }
        #expect(play.segments.count <= 28)
        #expect(play.largestRewrite < 100_000)
    }

    @Test func wastefulSegmentsAreRewrittenAndOthersAreNot() {
        let policy = MergePolicy(largestMerge: 1000)
        #expect(policy.nextMerge([.init(liveBytes: 75, bytes: 100), .init(liveBytes: 74, bytes: 100)]) == 1..<2)
        #expect(policy.nextMerge([.init(liveBytes: 75, bytes: 100)]) == nil)
        #expect(policy.nextMerge([]) == nil)
        #expect(policy.nextMerge([.init(liveBytes: 0, bytes: 0)]) == nil)
    }

    @Test func noMergeExceedsTheLimit() {
        var play = Play()
        play.policy.largestMerge = 1000
        for size in 0..<200 { play.add(100 + size % 7 * 50) }
        #expect(play.largestRewrite <= 1000)
    }
}
