import CTrawlKernels
import Glibc
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

@Suite struct DequantisationTests {
    @Test func everyTypeMatchesTheReferenceBitForBit() throws {
        let cases = try #require(try JSON(contentsOf: TestFiles.golden("dequantise.json")).array)
        #expect(cases.count == 10)
        for item in cases {
            let name = try #require(item["type"]?.string)
            let type = try #require(ElementType(rawValue: name))
            let digits = Array(try #require(item["bytes"]?.string).utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
            }
            let expected = try #require(item["bits"]?.array).compactMap(\.int).map { UInt32($0) }
            let blocks = try #require(item["blocks"]?.int)
            var out = [Float](repeating: .nan, count: expected.count)
            try bytes.withUnsafeBytes { type.decode(try #require($0.baseAddress), blocks: blocks, into: &out) }
            #expect(out.map(\.bitPattern) == expected, "\(name)")
        }
    }

    @Test func bothTwinsAgreeBitForBit() throws {
        var generator = SplitMix64(seed: 1)
        let bytes = (0..<210 * 8).map { _ in UInt8.random(in: 0...255, using: &generator) }
        typealias Kernel = (UnsafePointer<UInt8>, Int, UnsafeMutablePointer<Float>) -> Void
        let twins: [(Kernel, Kernel, Int, Int)] = [
            (trawl_dequantise_f16, trawl_dequantise_f16_portable, 100, 1),
            (trawl_dequantise_bf16, trawl_dequantise_bf16_portable, 100, 1),
            (trawl_dequantise_q4_0, trawl_dequantise_q4_0_portable, 8, 32),
            (trawl_dequantise_q4_1, trawl_dequantise_q4_1_portable, 8, 32),
            (trawl_dequantise_q5_0, trawl_dequantise_q5_0_portable, 8, 32),
            (trawl_dequantise_q5_1, trawl_dequantise_q5_1_portable, 8, 32),
            (trawl_dequantise_q8_0, trawl_dequantise_q8_0_portable, 8, 32),
            (trawl_dequantise_q4_k, trawl_dequantise_q4_k_portable, 8, 256),
            (trawl_dequantise_q5_k, trawl_dequantise_q5_k_portable, 8, 256),
            (trawl_dequantise_q6_k, trawl_dequantise_q6_k_portable, 8, 256),
        ]
        for (index, (fast, portable, blocks, size)) in twins.enumerated() {
            var a = [Float](repeating: 0, count: blocks * size)
            var b = a
            fast(bytes, blocks, &a)
            portable(bytes, blocks, &b)
            for (x, y) in zip(a, b) where !(x.isNaN && y.isNaN) {
                #expect(x.bitPattern == y.bitPattern, "kernel \(index)")
            }
        }
    }

    @Test(arguments: [
        (ElementType.q40, TRAWL_BLOCK_Q4_0), (.q41, TRAWL_BLOCK_Q4_1), (.q80, TRAWL_BLOCK_Q8_0),
    ])
    func blocksInPanelsAreTheSameNumbers(_ type: ElementType, _ kernel: trawl_block_type) {
        let (blocks, rowSize) = (5, 5 * type.blockSize + 3)
        var generator = SplitMix64(seed: 11)
        var bytes = (0..<16 * rowSize).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Scales that are numbers.
        for row in 0..<16 {
            for block in 0..<blocks {
                for half in [1, 3] {
                    bytes[row * rowSize + block * type.blockSize + half] &= 0xBF
                }
            }
        }
        var panel = [Float](repeating: .nan, count: 16 * 32 * blocks)
        let isDone = trawl_pack_blocks_on(trawl_best_isa(), kernel, bytes, rowSize, blocks, &panel)
        #expect(isDone == (trawl_best_isa() == TRAWL_ISA_AVX512))
        guard isDone else { return }
        var row = [Float](repeating: 0, count: 32 * blocks)
        for output in 0..<16 {
            bytes.withUnsafeBytes {
                type.decode($0.baseAddress.unsafelyUnwrapped + output * rowSize, blocks: blocks, into: &row)
            }
            let packed = (0..<32 * blocks).map { panel[16 * $0 + output] }
            #expect(packed.map(\.bitPattern) == row.map(\.bitPattern))
        }
    }
}

@Suite struct KernelTests {
    @Test func exponentialAndGeluKeepTheirStatedErrors() {
        for step in -8000...8000 {
            let x = Float(step) / 1000
            var e = x
            trawl_exp(&e, 1)
            #expect(abs(Double(e) / exp(Double(x)) - 1) < 3e-7)
            var g = x
            trawl_gelu_erf(&g, 1)
            let exact = Double(x) * 0.5 * erfc(-Double(x) / 2.0.squareRoot())
            #expect(abs(Double(g) - exact) <= 3e-6 * abs(exact))
        }
        var extremes: [Float] = [-.infinity, -1000, 1000]
        trawl_exp(&extremes, 3)
        #expect(extremes[0] == 0 && extremes[1] == 0 && extremes[2].isFinite)
    }

    @Test func twinsOfActivationsAgreeToARounding() {
        let x = randomFloats(203, seed: 2, -6...6)
        typealias Kernel = (UnsafeMutablePointer<Float>, Int) -> Void
        let twins: [(Kernel, Kernel)] = [
            (trawl_exp, trawl_exp_portable), (trawl_gelu_erf, trawl_gelu_erf_portable),
            (trawl_gelu_tanh, trawl_gelu_tanh_portable), (trawl_silu, trawl_silu_portable),
            (trawl_tanh, trawl_tanh_portable), (trawl_relu, trawl_relu_portable),
        ]
        for (fast, portable) in twins {
            var (a, b) = (x, x)
            fast(&a, 203)
            portable(&b, 203)
            for (p, q) in zip(a, b) { #expect(abs(p - q) <= 1e-6 * max(1, abs(q))) }
        }
        var (a, b) = (x, x)
        trawl_softmax(&a, 7, 29, 29)
        trawl_softmax_portable(&b, 7, 29, 29)
        for (p, q) in zip(a, b) { #expect(abs(p - q) <= 1e-6) }
        for row in 0..<7 { #expect(abs(a[row * 29..<(row + 1) * 29].reduce(0, +) - 1) < 1e-5) }
        (a, b) = (x, x)
        let y = randomFloats(203, seed: 3, -6...6)
        trawl_multiply(&a, y, 203)
        trawl_multiply_portable(&b, y, 203)
        #expect(a == b)
        for index in 0..<203 { #expect(a[index] == x[index] * y[index]) }
    }

    @Test func someOutputsOfAMatrixAreThoseOfTheWhole() throws {
        let values = randomFloats(10 * 32, seed: 4, -1...1)
        let header = #"{"a":{"dtype":"F32","shape":[10,32],"data_offsets":[0,1280]}}"#
        let bytes = littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + values.withUnsafeBytes { Array($0) }
        let folder = try TemporaryFolder()
        let path = try folder.write("a.safetensors", bytes)
        let tensor = try Safetensors(path: path).requiredTensor("a")
        let whole = try WeightMatrix(tensor, rows: 10, columns: 32)
        let x = randomFloats(3 * 32, seed: 5, -1...1)
        for precision in Precision.allCases {
            let all = whole.prepared(for: precision).multiply(x)
            let part = whole.outputs(4..<9).prepared(for: precision)
            #expect(part.rows == 5)
            let product = part.multiply(x)
            for row in 0..<3 {
                #expect(product[5 * row..<5 * row + 5].elementsEqual(all[10 * row + 4..<10 * row + 9]))
            }
        }
    }
}

@Suite struct ThreadPoolTests {
    @Test func everyIterationRunsOnceAlsoWhenNested() {
        let pool = ThreadPool(threadCount: 3)
        for _ in 0..<200 {
            var marks = [Int](repeating: 0, count: 400)
            marks.withUnsafeMutableBufferPointer { buffer in
                nonisolated(unsafe) let marks = buffer
                pool.parallelFor(20) { outer in
                    // The size of the pool can be asked for here.
                    pool.parallelFor(pool.threadCount * 20 / pool.threadCount) { marks[outer * 20 + $0] += 1 }
                }
            }
            #expect(marks.allSatisfy { $0 == 1 })
        }
    }

    @Test func loopsThatFollowEachOtherGiveTheirBodyBack() {
        let pool = ThreadPool(threadCount: 4)
        var sum = 0
        for round in 0..<20_000 {
            // A body that is still held at the end of its loop traps.
            let parts = UnsafeMutablePointer<Int>.allocate(capacity: 4)
            pool.parallelFor(4) { parts[$0] = round }
            sum += parts[0] + parts[3]
            parts.deallocate()
        }
        #expect(sum == 20_000 * 19_999)
    }

    @Test func aPoolThatNobodyHoldsEndsItsThreads() {
        weak var gone: ThreadPool?
        for _ in 0..<20 {
            let pool = ThreadPool(threadCount: 3)
            pool.parallelFor(20) { _ in }
            gone = pool
        }
        #expect(gone == nil)
    }
}

@Suite struct SafetensorsTests {
    static func file(_ header: String, data: Int) -> [UInt8] {
        littleEndian(UInt64(header.utf8.count)) + Array(header.utf8) + (0..<data).map { UInt8($0 & 0x3F) }
    }
    static let good = file(
        #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
            + #""b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#, data: 32)

    @Test func tensorsAreReadInPlace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.safetensors", Self.good)
        let tensors = try Safetensors(path: path)
        #expect(tensors.tensors.map(\.name) == ["a", "b"])
        #expect(try tensors.requiredTensor("a").floats().count == 6)
        #expect(throws: TrawlError.self) { try tensors.requiredTensor("c") }
        #expect(throws: TrawlError.self) { try WeightMatrix(try tensors.requiredTensor("a"), rows: 3, columns: 2) }
    }

    @Test func everyTruncationIsAnErrorThatNamesTheFile() throws {
        for count in 0..<Self.good.count {
            let folder = try TemporaryFolder()
            let path = try folder.write("a.safetensors", Array(Self.good.prefix(count)))
            #expect { try Safetensors(path: path) } throws: { ($0 as? TrawlError)?.path == path }
        }
    }

    /// What a clone without Git LFS has in place of the weights (case 35).
    @Test func aPointerOfGitLFSIsNamedAsSuch() throws {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 90868376\n"
        let folder = try TemporaryFolder()
        for name in ["a.safetensors", "a.gguf"] {
            let path = try folder.write(name, Array(pointer.utf8))
            #expect {
                _ = name.hasSuffix("gguf") ? try GGUF(path: path).tensors : try Safetensors(path: path).tensors
            } throws: {
                "\($0)".contains("pointer of Git LFS") && ($0 as? TrawlError)?.path == path
            }
        }
    }

    @Test func flippedBytesNeverReachBeyondTheFile() throws {
        for position in 0..<Self.good.count - 32 {
            for mask: UInt8 in [0x01, 0x10, 0x80] {
                var bytes = Self.good
                bytes[position] ^= mask
                let folder = try TemporaryFolder()
                let path = try folder.write("a.safetensors", bytes)
                guard let tensors = try? Safetensors(path: path) else { continue }
                for tensor in tensors.tensors { #expect((try? tensor.floats())?.count ?? 0 <= 16) }
            }
        }
    }

    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        #"{"a":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F8","shape":[2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "[]", "{",
    ])
    func contradictionsAreErrors(_ header: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.safetensors", Self.file(header, data: 12))
        #expect(throws: TrawlError.self) { try Safetensors(path: path) }
    }
}

@Suite struct GGUFTests {
    static func text(_ value: String) -> [UInt8] { littleEndian(UInt64(value.utf8.count)) + Array(value.utf8) }

    static func file(alignment: UInt32 = 32, names: [String] = ["a", "b"], secondOffset: UInt64 = 64) -> [UInt8] {
        var bytes = Array("GGUF".utf8) + littleEndian(UInt32(3)) + littleEndian(UInt64(2)) + littleEndian(UInt64(3))
        bytes += text("general.architecture") + littleEndian(UInt32(8)) + text("llama")
        bytes += text("general.alignment") + littleEndian(UInt32(4)) + littleEndian(alignment)
        bytes += text("words") + littleEndian(UInt32(9)) + littleEndian(UInt32(8)) + littleEndian(UInt64(2))
        bytes += text("one") + text("two")
        for (name, type, columns, offset) in [(names[0], 0, 16, UInt64(0)), (names[1], 8, 32, secondOffset)] {
            bytes += text(name) + littleEndian(UInt32(2)) + littleEndian(UInt64(columns)) + littleEndian(UInt64(1))
            bytes += littleEndian(UInt32(type)) + littleEndian(offset)
        }
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return bytes + (0..<98).map { UInt8($0 & 0x1F) }
    }

    @Test func metadataAndTensorsAreRead() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.gguf", Self.file())
        let gguf = try GGUF(path: path)
        #expect(gguf.metadata.string("general.architecture") == "llama")
        #expect(try gguf.metadata.strings("words") == ["one", "two"])
        #expect(gguf.tensors.map(\.shape) == [[1, 16], [1, 32]])
        #expect(gguf.tensors.map(\.type) == [.f32, .q80])
        #expect(try gguf.requiredTensor("b").floats().count == 32)
    }

    @Test func everyTruncationIsAnErrorThatNamesTheFile() throws {
        let good = Self.file()
        for count in 0..<good.count {
            let folder = try TemporaryFolder()
            let path = try folder.write("a.gguf", Array(good.prefix(count)))
            #expect { try GGUF(path: path) } throws: { ($0 as? TrawlError)?.path == path }
        }
    }

    @Test func flippedBytesNeverReachBeyondTheFile() throws {
        let good = Self.file()
        for position in 0..<good.count - 98 {
            for mask: UInt8 in [0x01, 0x08, 0x80] {
                var bytes = good
                bytes[position] ^= mask
                let folder = try TemporaryFolder()
                let path = try folder.write("a.gguf", bytes)
                guard let gguf = try? GGUF(path: path) else { continue }
                for tensor in gguf.tensors { #expect((try? tensor.floats())?.count ?? 0 <= 98) }
            }
        }
    }

    @Test func contradictionsAreErrors() throws {
        for bytes in [
            Self.file(alignment: 0), Self.file(alignment: 24), Self.file(names: ["a", "a"]),
            Self.file(secondOffset: 32), Self.file(secondOffset: 65), Self.file(secondOffset: 1 << 62),
            Self.file(secondOffset: .max - 31),
        ] {
            let folder = try TemporaryFolder()
            let path = try folder.write("a.gguf", bytes)
            #expect(throws: TrawlError.self) { try GGUF(path: path) }
        }
    }
}
