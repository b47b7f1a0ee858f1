import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlTensors

/// Models of several GGUF files, as llama.cpp splits and names them.
@Suite struct SplitGGUFTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A file with one tensor of 16 numbers.
    private static func part(
        _ number: Int, of count: Int, tensor: String, architecture: String? = nil, tensorCount: Int? = nil
    ) -> [UInt8] {
        var entries = [
            GGUFTests.text("split.no") + littleEndian(UInt32(2)) + littleEndian(UInt16(number - 1)),
            GGUFTests.text("split.count") + littleEndian(UInt32(2)) + littleEndian(UInt16(count)),
            GGUFTests.text("split.tensors.count") + littleEndian(UInt32(5)) + littleEndian(Int32(tensorCount ?? count)),
        ]
        if let architecture {
            let text = littleEndian(UInt32(8)) + GGUFTests.text(architecture)
            entries.append(GGUFTests.text("general.architecture") + text)
        }
        var bytes = Array("GGUF".utf8) + littleEndian(UInt32(3)) + littleEndian(UInt64(1))
        bytes += littleEndian(UInt64(entries.count)) + entries.joined()
        bytes += GGUFTests.text(tensor) + littleEndian(UInt32(1)) + littleEndian(UInt64(16)) + littleEndian(UInt32(0))
        bytes += littleEndian(UInt64(0))
        bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
        return bytes + (0..<16).flatMap { littleEndian(Float(number * 100 + $0).bitPattern) }
    }

    private func write(_ number: Int, of count: Int, tensor: String, tensorCount: Int? = nil) throws -> String {
        try folder.write(
            "model-0000\(number)-of-0000\(count).gguf",
            Self.part(
                number, of: count, tensor: tensor, architecture: number == 1 ? "llama" : nil, tensorCount: tensorCount))
    }

    @Test func anyFileOpensTheWholeModel() throws {
        let paths = try (1...3).map { try write($0, of: 3, tensor: "t\($0)") }
        for path in paths {
            let model = try GGUF(path: path)
            #expect(model.path == path)
            #expect(model.metadata.string("general.architecture") == "llama")
            #expect(model.tensors.map(\.name) == ["t1", "t2", "t3"])
            #expect(try model.requiredTensor("t3").floats().first == 300)
        }
    }

    @Test func aMissingFileIsNamed() throws {
        let first = try write(1, of: 2, tensor: "a")
        #expect {
            try GGUF(path: first)
        } throws: {
            let error = $0 as? TrawlError
            return error?.code == .notFound && error?.path?.hasSuffix("model-00002-of-00002.gguf") == true
        }
    }

    @Test func contradictionsAreErrors() throws {
        let path = try write(1, of: 2, tensor: "a")
        // Of another split, of the same name.
        _ = try folder.write("model-00002-of-00002.gguf", Self.part(2, of: 3, tensor: "b"))
        #expect(throws: TrawlError.self) { try GGUF(path: path) }
        // The first file once more.
        _ = try folder.write("model-00002-of-00002.gguf", Self.part(1, of: 2, tensor: "b"))
        #expect(throws: TrawlError.self) { try GGUF(path: path) }
        // A tensor of the first file.
        _ = try write(2, of: 2, tensor: "a")
        #expect(throws: TrawlError.self) { try GGUF(path: path) }
        // Fewer tensors than the model has.
        _ = try write(1, of: 2, tensor: "a", tensorCount: 3)
        _ = try write(2, of: 2, tensor: "b")
        #expect(throws: TrawlError.self) { try GGUF(path: path) }
        _ = try write(1, of: 2, tensor: "a")
        #expect(try GGUF(path: path).tensors.count == 2)
    }

    @Test(arguments: [
        "a.gguf", "a-00001-of-00003.gguf", "a-00000-of-00002.gguf", "a-1-of-2.gguf", "a-+0001-of-00002.gguf",
    ])
    func aNameThatDoesNotSayWhichFileItIsIsAnError(_ name: String) throws {
        let path = try folder.write(name, Self.part(1, of: 2, tensor: "a"))
        #expect {
            try GGUF(path: path)
        } throws: {
            "\($0)".contains("one of 2 files of a split model")
        }
    }

    @Test func laterFilesBeginNoModel() {
        let files = [
            "b-00002-of-00002.gguf", "b-00001-of-00002.gguf", "c.gguf", "config.json", "d-00003-of-00002.gguf",
        ]
        #expect(GGUF.models(among: files) == ["b-00001-of-00002.gguf", "c.gguf", "d-00003-of-00002.gguf"])
    }
}
