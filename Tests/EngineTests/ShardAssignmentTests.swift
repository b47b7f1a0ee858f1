import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlEngine

/// Which shard a document belongs to must never change.
@Suite struct ShardAssignmentTests {
    /// Made without Trawl, by:
    /// ```
    /// python3 -c '
    /// def h(s):
    ///     x, m = 0xcbf29ce484222325, 2**64 - 1
    ///     for b in s.encode(): x = ((x ^ b) * 0x100000001b3) & m
    ///     x ^= x >> 33; x = x * 0xff51afd7ed558ccd & m; x ^= x >> 33; x = x * 0xc4ceb9fe1a85ec53 & m
    ///     return x ^ x >> 33
    /// for s in ["", "a", "doc-1", "x" * 480]: print(hex(h(s)), [h(s) * n >> 64 for n in (1, 2, 3, 8, 4096)])'
    /// ```
    private static let golden: [(id: String, hash: UInt64, shards: [Int])] = [
        ("", 0xefd0_1f60_ba99_2926, [0, 1, 2, 7, 3837]),
        ("a", 0x82a2_a958_a9be_ce5b, [0, 1, 1, 4, 2090]),
        ("doc-1", 0x4874_a7cf_4689_8a5e, [0, 0, 0, 2, 1159]),
        ("doc-2", 0xa483_7185_424c_e815, [0, 1, 1, 5, 2632]),
        ("4983", 0x4002_997e_fd6e_c77d, [0, 0, 0, 2, 1024]),
        ("MED-10", 0xffad_a0c5_0ee9_a9a3, [0, 1, 2, 7, 4090]),
        ("notes/über uns.md", 0x9d5f_c804_d166_5c4b, [0, 1, 1, 4, 2517]),
        ("東京", 0xb700_c569_e52d_4522, [0, 1, 2, 5, 2928]),
        ("https://example.org/?q=1#2", 0x4754_b924_08bc_ab2a, [0, 0, 0, 2, 1141]),
        (String(repeating: "x", count: 480), 0x44c7_7bbd_89d8_8932, [0, 0, 0, 2, 1100]),
    ]

    @Test func hashIsThatOfOtherImplementations() {
        #expect(ShardAssignment.version == 1)
        for (id, hash, shards) in Self.golden {
            #expect(ShardAssignment.hash(DocumentID(id)) == hash, "\(id)")
            for (count, shard) in zip([1, 2, 3, 8, 4096], shards) {
                #expect(ShardAssignment.shard(of: DocumentID(id), count: count) == shard, "\(id) of \(count)")
            }
        }
    }

    /// Numbers in a row, as many corpora have them, spread as random ones do.
    @Test func numbersSpreadEvenly() {
        var counts = [Int](repeating: 0, count: 16)
        for number in 0..<16_000 { counts[ShardAssignment.shard(of: DocumentID("\(number)"), count: 16)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 1000) < 150 }, "\(counts)")
    }

    @Test func numberIsReadFromText() throws {
        let shard = try ShardNumber("2/8")
        #expect(shard.number == 2 && shard.count == 8 && "\(shard)" == "2 of 8")
        #expect(shard.contains(DocumentID("doc-1")) && !shard.contains(DocumentID("doc-2")))
        #expect(try ShardNumber("4095/4096").number == 4095)
    }

    @Test(arguments: [
        ("8/8", "numbered from 0 to 7"), ("1/1", "the only one is shard 0"), ("0/0", "1 to 4096"),
        ("0/4097", "1 to 4096"), ("-1/8", "such as 2/8"), ("+1/8", "such as 2/8"), ("1", "such as 2/8"),
        ("1/2/3", "such as 2/8"), ("/", "such as 2/8"), ("1 /2", "such as 2/8"), ("", "such as 2/8"),
        ("99999999999999999999/8", "such as 2/8"), ("١/٨", "such as 2/8"),
    ])
    func otherTextsAreRefusedWithTheReason(text: String, reason: String) {
        let error = errorText { try ShardNumber(text) }
        #expect(error.contains(reason), "\(error)")
    }
}
