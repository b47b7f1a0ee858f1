import CTrawlKernels
import Testing
import TrawlCore

@testable import TrawlVectorIndex

@Suite struct CodeKernelTests {
    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    private func signedBytes(_ count: Int, seed: UInt64) -> [Int8] {
        bytes(count, seed: seed).map { max(-127, Int8(bitPattern: $0)) }
    }

    @Test(arguments: [128, 384, 1024]) func nibbleScoresAreThoseOfAPlainSum(dimension: Int) {
        let (count, perChunk) = (20, 7)
        let size = NibbleCodes.recordBytes(codeDimension: dimension)
        let query = signedBytes(dimension, seed: 1)
        var storage = bytes(count * size, seed: 2)
        storage.withUnsafeMutableBytes { storage in
            for record in 0..<count {
                storage.storeBytes(of: Float(record + 1) / 8, toByteOffset: record * size, as: Float.self)
                storage.storeBytes(of: Float(record) - 3, toByteOffset: record * size + 4, as: Float.self)
            }
            let chunks = stride(from: 0, to: count, by: perChunk).map {
                UnsafeRawPointer(storage.baseAddress.unsafelyUnwrapped + $0 * size) as UnsafeRawPointer?
            }
            let ids = (0..<UInt32(count)).reversed() + [5, 5]
            let sum = query.reduce(Int32(0)) { $0 + Int32($1) }
            let expected = ids.map { id -> Float in
                let code = storage[Int(id) * size + 8..<(Int(id) + 1) * size]
                var product: Int32 = 0
                for d in 0..<dimension {
                    let byte = code[code.startIndex + d / 128 * 64 + d % 64]
                    let number = d % 128 < 64 ? byte & 15 : byte >> 4
                    product += (2 * Int32(number) - 15) * Int32(query[d])
                }
                return 0.25 * (Float(id + 1) / 8) * Float(product) + (Float(id) - 3)
            }
            chunks.withUnsafeBufferPointer { chunks in
                let records = trawl_records(
                    chunks: chunks.baseAddress, record_size: size, per_chunk: UInt32(perChunk),
                    reciprocal: UInt64.max / UInt64(perChunk) + 1)
                for isa in versions {
                    var scores = [Float](repeating: .nan, count: ids.count)
                    trawl_nibble_scores_on(isa, query, sum, 0.25, dimension, records, Array(ids), ids.count, &scores)
                    #expect(scores == expected)
                }
            }
        }
    }

    @Test func byteProductsAreThoseOfAPlainSum() {
        let (dimension, count) = (256, 9)
        let query = [Int8](repeating: -127, count: 8) + signedBytes(dimension - 8, seed: 3)
        let rows = [Int8](repeating: 127, count: dimension) + signedBytes((count - 1) * dimension, seed: 4)
        let ids: [UInt32] = [8, 0, 3, 3, 7]
        let expected = ids.map { id in
            (0..<dimension).reduce(Int32(0)) { $0 + Int32(query[$1]) * Int32(rows[Int(id) * dimension + $1]) }
        }
        for isa in versions {
            var products = [Int32](repeating: 0, count: ids.count)
            trawl_byte_products_on(
                isa, query, query.reduce(0) { $0 + Int32($1) }, dimension, rows, ids, ids.count, &products)
            #expect(products == expected)
        }
    }

    /// 1,152 dimensions take more than one section of 16-bit sums; the tables' greatest bytes would overflow in one.
    @Test(arguments: [128, 1152], [false, true]) func scansCollectWhatAPlainSumScoresAboveTheThreshold(
        dimension: Int, hasBiases: Bool
    ) {
        let (tileCount, rowCount) = (3, 150)
        let head = 64 * 4 * (hasBiases ? 2 : 1)
        let tileSize = head + dimension * 8
        var tiles = bytes(tileCount * tileSize, seed: 5)
        tiles.withUnsafeMutableBytes { tiles in
            for tile in 0..<tileCount {
                for v in 0..<head / 4 {
                    tiles.storeBytes(of: Float(v % 7) + 0.5, toByteOffset: tile * tileSize + 4 * v, as: Float.self)
                }
            }
        }
        let tables = (0..<4 * dimension).map { $0 % 3 == 0 ? UInt8.max : bytes(1, seed: UInt64($0))[0] }
        let allowed: [UInt64] = [.max, 0x5555_5555_5555_5555, .max]
        let scores = (0..<rowCount).map { row -> Float in
            let start = row / 64 * tileSize
            var sum: UInt32 = 0
            for line in 0..<dimension / 8 {
                let byte = tiles[start + head + 64 * line + row % 64]
                sum += UInt32(tables[32 * line + Int(byte & 15)]) + UInt32(tables[32 * line + 16 + Int(byte >> 4)])
            }
            let product = Float(sum) * 0.01 - 100
            return (Float(row % 64 % 7) + 0.5) * product + (hasBiases ? Float((64 + row % 64) % 7) + 0.5 : 0)
        }
        let threshold = scores.sorted()[rowCount / 2]
        let expected = (0..<rowCount).filter {
            scores[$0] > threshold && allowed[$0 / 64] >> UInt64($0 % 64) & 1 == 1
        }
        for isa in versions {
            var hits = [trawl_scan_hit](repeating: trawl_scan_hit(), count: 100)
            var found: [trawl_scan_hit] = []
            var state = trawl_scan_state(tile: 0, hits: 0)
            while state.tile < tileCount {
                tables.withUnsafeBufferPointer { tables in
                    var query = trawl_scan_query(
                        tables: tables.baseAddress, dimension: dimension, unit: 0.01, offset: 100)
                    state.hits = 0
                    state = trawl_scan_on(
                        isa, &query, tiles, tileCount, rowCount, hasBiases, allowed, 1000, threshold, state, &hits, 100)
                }
                found += hits.prefix(state.hits)
            }
            #expect(found.map { Int($0.row) - 1000 } == expected)
            #expect(found.map(\.score) == expected.map { scores[$0] })
        }
    }

    @Test(arguments: [128, 384, 640]) func rotationsKeepLengthsAndSpreadThemOut(dimension: Int) {
        var random = SplitMix64(seed: 11)
        let flips = (0..<4 * dimension).map { _ in random.next() & 1 == 0 ? UInt32(0) : 0x8000_0000 }
        var axis = [Float](repeating: 0, count: dimension)
        axis[dimension - 1] = 1
        var portable = axis
        trawl_rotate_vector(&axis, dimension, flips)
        trawl_rotate_vector_portable(&portable, dimension, flips)
        #expect(axis == portable)
        #expect(abs(axis.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        #expect((axis.map(abs).max() ?? 1) < 6 / Float(dimension).squareRoot())
    }
}
