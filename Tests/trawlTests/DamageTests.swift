import Foundation
import Testing
import TrawlTestSupport

/// Damaged indexes and models end in an error that says so; nothing damaged is written again as sound.
@Suite struct DamageTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let lines = (0..<200).map { "{\"_id\":\"d\($0)\",\"text\":\"term\(100 + $0) some text\"}\n" }
        try folder.write(lines.joined(), to: "corpus.jsonl")
    }

    private func run(_ arguments: String...) throws -> TrawlProcess.Outcome {
        try TrawlProcess.run(arguments, folder: folder.path)
    }

    private var data: String { folder.path + "/a.trawl/data.mdb" }

    private func index() throws {
        let made = try run("index", "corpus.jsonl", "--output", "a.trawl", "--build", "lexical", "--quiet")
        try #require(made.status == 0, "\(made.errors)")
    }

    @Test func aFileThatIsCutIsNamed() throws {
        try index()
        let size = try #require(FileManager.default.attributesOfItem(atPath: data)[.size] as? Int)
        try #require(FileHandle(forWritingAtPath: data)).truncate(atOffset: UInt64(size * 6 / 10 / 4096 * 4096))
        for command in [
            ["query", "a.trawl", "text"], ["show", "a.trawl"], ["check", "a.trawl"], ["compact", "a.trawl"],
        ] {
            let outcome = try TrawlProcess.run(command, folder: folder.path)
            #expect((1...2).contains(outcome.status), "\(command): \(outcome.status)")
            #expect((outcome.errors + outcome.output).contains("the file is cut"), "\(command): \(outcome.errors)")
        }
        #expect(try run("ls").status == 0)
    }

    @Test func damagedDeletionsAreNotWrittenAgainAsSound() throws {
        try index()
        #expect(try run("rm", "a.trawl", "d0", "--quiet").status == 0)
        var bytes = try Data(contentsOf: URL(filePath: data))
        // The bitmaps of dead documents and passages: a word of 1 and three of 0, after the header of a chunk.
        let bitmap = Data([1] + [UInt8](repeating: 0, count: 31))
        var (found, start) = (0, bytes.startIndex)
        while let range = bytes.range(of: bitmap, in: start..<bytes.endIndex) {
            start = range.upperBound
            guard range.lowerBound % 64 == 0 else { continue }
            found += 1
            bytes.replaceSubrange(
                range.lowerBound + 1..<range.lowerBound + 13, with: [UInt8](repeating: 255, count: 12))
        }
        try #require(found > 0)
        try bytes.write(to: URL(filePath: data))
        for command in [["compact", "a.trawl"], ["rm", "a.trawl", "d150"]] {
            let outcome = try TrawlProcess.run(command, folder: folder.path)
            #expect(outcome.status == 2, "\(command): \(outcome.errors)")
            #expect(outcome.errors.contains("segment"), "\(outcome.errors)")
        }
        #expect(try run("check", "a.trawl", "--quiet").status == 1)
    }

    @Test func termsOutOfOrderEndAMerge() throws {
        try index()
        #expect(try run("rm", "a.trawl", "d0", "--quiet").status == 0)
        var bytes = try Data(contentsOf: URL(filePath: data))
        var start = bytes.startIndex
        // The last of them is in a leaf of the tree in use or in an old one; all are changed.
        while let range = bytes.range(of: Data("term157".utf8), in: start..<bytes.endIndex) {
            bytes[range.lowerBound] = UInt8(ascii: "a")
            start = range.upperBound
        }
        try bytes.write(to: URL(filePath: data))
        let size = bytes.count
        let outcome = try run("compact", "a.trawl", "--quiet")
        #expect(outcome.status == 2, "\(outcome.errors)")
        let after = try #require(FileManager.default.attributesOfItem(atPath: data)[.size] as? Int)
        #expect(after < 4 * size)
    }

    @Test(arguments: ["f32", "f16", "int8"]) func checkPassesForModelsThatDoNotNormalise(_ format: String) throws {
        let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "EmbeddingsTests/Golden/all-poolings").path
        let made = try run(
            "index", "corpus.jsonl", "--output", "a.trawl", "--build", "dense", "--embedder", model, "--vector-format",
            format, "--quiet")
        #expect(made.status == 0, "\(made.errors)")
        let checked = try run("check", "a.trawl", "--quiet")
        #expect(checked.status == 0, "\(checked.output)")
    }

    @Test func embeddingsThatAreNotFiniteAreAnError() throws {
        let model = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "EmbeddingsTests/Golden/all-poolings").path
        try folder.copy(model, to: "model")
        let path = folder.path + "/model/3_Dense/model.safetensors"
        var bytes = try Data(contentsOf: URL(filePath: path))
        let header = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        bytes.replaceSubrange(8 + header..<12 + header, with: [0, 0, 0xC0, 0x7F])
        try bytes.write(to: URL(filePath: path))
        try folder.write("hello\n", to: "texts.txt")
        for format in ["jsonl", "npy"] {
            let outcome = try run("embed", "texts.txt", "--model", "./model", "--format", format, "--quiet")
            #expect(outcome.status == 2)
            #expect(outcome.errors.contains("not finite"), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test(
        arguments: [
            ["train", "weights", "a", "--prior-queries", "9223372036854775807"],
            ["train", "generator", "a", "--output", "b", "--steps", "2", "--self-samples", "9223372036854775807"],
            ["train", "generator", "a", "--output", "b", "--minutes", "1e30"], ["adapt", "a", "--minutes", "1e30"],
            ["train", "queries", "a", "--output", "b", "--per-passage", "9223372036854775807"],
        ]) func numbersBeyondAllUseAreRefused(_ words: [String]) throws
    {
        let needsQueries = words[1] == "weights" || words.contains("--self-samples")
        let outcome = try TrawlProcess.run(
            words + (needsQueries ? ["--queries", "q.jsonl", "--qrels", "r.tsv"] : []), folder: folder.path)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(words[words.count - 2]), "\(outcome.errors)")
    }
}
