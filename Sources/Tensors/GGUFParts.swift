internal import Foundation
internal import TrawlCore

/// A GGUF model that was split into several files, as llama.cpp's `gguf-split` writes and names them:
///
/// ```
/// NAME-00001-of-00003.gguf   the metadata, and the first tensors
/// NAME-00002-of-00003.gguf   more tensors; of metadata only `split.no` (counted from 0), `split.count`, `split.tensors.count`
/// NAME-00003-of-00003.gguf
/// ```
enum GGUFParts {
    /// A file name with its number, counted from 1.
    private struct Name {
        let stem: String
        let number, count: Int

        init?(_ file: String) {
            guard file.hasSuffix(".gguf") else { return nil }
            let words = file.dropLast(".gguf".count).split(separator: "-", omittingEmptySubsequences: false)
            guard words.count >= 4, words[words.count - 2] == "of" else { return nil }
            let numbers = [words[words.count - 3], words[words.count - 1]]
            guard numbers.allSatisfy({ $0.count == 5 && $0.allSatisfy({ "0"..."9" ~= $0 }) }),
                let number = Int(numbers[0]), let count = Int(numbers[1]), 1 <= number, number <= count
            else { return nil }
            stem = words.dropLast(3).joined(separator: "-")
            (self.number, self.count) = (number, count)
        }

        func file(_ number: Int) -> String { String(format: "%@-%05d-of-%05d.gguf", stem, number, count) }
    }

    /// The metadata and the tensors of the file `path`, and of those that belong to it.
    ///
    /// - Throws: as `GGUF.init`.
    static func contents(of path: String) throws -> GGUF.Contents {
        let own = try GGUF.contents(ofFile: path)
        guard let count = own.metadata.integer(countKey), count > 1 else { return own }
        let (folder, file) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        guard let name = Name(file), name.count == count else {
            throw TrawlError(
                .corrupted, "it is one of \(count) files of a split model, and its name does not say which", path: path,
                remedy: "give the files the names that they had, such as NAME-00001-of-00003.gguf")
        }
        let parts = try (1...count).map { number in
            let part = (folder as NSString).appendingPathComponent(name.file(number))
            return try contents(ofPart: part, number: number, count: count)
        }
        let tensors = parts.flatMap(\.tensors)
        if let total = parts[0].metadata.integer(tensorCountKey), total != tensors.count {
            throw TrawlError(
                .corrupted, "its \(count) files have \(tensors.count) tensors, not \(total)", path: path,
                remedy: "download all of them again")
        }
        return (parts[0].metadata, tensors)
    }

    private static func contents(ofPart path: String, number: Int, count: Int) throws -> GGUF.Contents {
        let part: GGUF.Contents
        do { part = try GGUF.contents(ofFile: path) } catch let error as TrawlError where error.code == .notFound {
            throw TrawlError(
                .notFound, "file \(number) of the \(count) files of the model is missing", path: path,
                remedy: "put all of them into one folder")
        }
        guard part.metadata.integer(countKey) == count, part.metadata.integer(numberKey) == number - 1 else {
            throw TrawlError(
                .corrupted, "it is not file \(number) of the \(count) files of a split model", path: path,
                remedy: "download it again")
        }
        return part
    }

    private static let numberKey = "split.no"
    private static let countKey = "split.count"
    private static let tensorCountKey = "split.tensors.count"

    /// Those of the files that begin a model: all but later files of split ones.
    static func beginnings(among files: [String]) -> [String] {
        files.filter { Name($0).map { $0.number == 1 } ?? true }
    }
}

extension GGUF {
    /// The GGUF files among these names that each begin a model; the other files of a split model are left out.
    package static func models(among files: [String]) -> [String] {
        GGUFParts.beginnings(among: files.filter { $0.hasSuffix(".gguf") })
    }
}
