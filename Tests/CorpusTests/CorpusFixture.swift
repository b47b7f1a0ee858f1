import CTrawlZlib
import CTrawlZstd
import Foundation
import Testing
import TrawlCore
import TrawlTestSupport

@testable import TrawlCorpus

/// Files that are read as a corpus, in a folder that is gone when the test is over.
struct CorpusFixture {
    private let folder: TemporaryFolder
    var path: String { folder.path }

    init() throws { folder = try TemporaryFolder() }

    @discardableResult
    func write(_ name: String, _ content: some Sequence<UInt8>) throws -> String { try folder.write(name, content) }

    @discardableResult
    func write(_ name: String, _ content: String) throws -> String { try folder.write(name, content) }

    func documents(
        _ names: String..., format: CorpusFormat? = nil, fields: FieldMapping = .default
    ) throws -> [Document] {
        let paths = names.isEmpty ? [path] : names.map { path + "/" + $0 }
        return try allDocuments(CorpusReader(paths: paths, format: format, fields: fields))
    }

    /// What reading all files came to.
    func summary(_ names: String..., format: CorpusFormat? = nil) throws -> CorpusSummary {
        let paths = names.isEmpty ? [path] : names.map { path + "/" + $0 }
        return try CorpusReader(paths: paths, format: format).readAll { _ in }
    }

    /// The message of the error that reading `name` ends with, without the folder.
    func failure(_ name: String? = nil, format: CorpusFormat? = nil, fields: FieldMapping = .default) -> String {
        let file = name.map { path + "/" + $0 } ?? path
        return errorText {
            try allDocuments(CorpusReader(paths: [file], format: format, fields: fields, onBadInput: .stop))
        }
        .replacingOccurrences(of: path + "/", with: "")
    }
}

func allDocuments(_ reader: CorpusReader) throws -> [Document] {
    let iterator = reader.makeIterator()
    var documents: [Document] = []
    while let document = try iterator.next() { documents.append(document) }
    return documents
}

func gzip(_ text: String) throws -> [UInt8] { try compressed([UInt8](text.utf8), windowBits: 15 + 16) }

/// `bytes` as zlib compresses them.
///
/// - Parameter windowBits: as in zlib: negative for a raw stream, 16 more for the form of gzip.
func compressed(_ bytes: [UInt8], windowBits: Int32) throws -> [UInt8] {
    var stream = z_stream()
    try #require(
        deflateInit2_(
            &stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            == Z_OK)
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))) + 64)
    let size = output.count
    let status = input.withUnsafeMutableBufferPointer { from in
        output.withUnsafeMutableBufferPointer { to in
            stream.next_in = from.baseAddress
            stream.avail_in = UInt32(from.count)
            stream.next_out = to.baseAddress
            stream.avail_out = UInt32(size)
            return deflate(&stream, Z_FINISH)
        }
    }
    try #require(status == Z_STREAM_END)
    return Array(output.prefix(size - Int(stream.avail_out)))
}

func zstd(_ text: String) throws -> [UInt8] {
    let input = [UInt8](text.utf8)
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(input.count))
    let capacity = output.count
    let size = ZSTD_compress(&output, capacity, input, input.count, 3)
    try #require(ZSTD_isError(size) == 0)
    return Array(output.prefix(size))
}

/// Exactly the same scalars; Swift's `==` takes canonically equivalent strings for equal.
func sameScalars(_ a: String, _ b: String) -> Bool { a.unicodeScalars.elementsEqual(b.unicodeScalars) }

/// The level and the text of each heading.
func headingLines(_ document: Document) -> [String] {
    let bytes = Array(document.text.utf8)
    return document.headings.map { "\($0.level) " + String(decoding: bytes[$0.range], as: UTF8.self) }
}
