import Foundation
import TrawlCore

/// Finds indexes by name or path.
public enum IndexCatalogue {
    /// Where indexes are looked for by name.
    public static let folders = ["indexes", TrawlHome.path + "/indexes", "."]

    /// The folder of the index `name`: a path with or without `.trawl`, or a name in one of `folders`.
    ///
    /// - Throws: `TrawlError.notFound` that lists the indexes there are.
    public static func path(of name: String) throws -> String {
        let expanded = (name as NSString).expandingTildeInPath
        let candidates = [expanded, expanded + ".trawl"] + folders.map { "\($0)/\(name).trawl" }
        for candidate in candidates where FileManager.default.fileExists(atPath: candidate + "/data.mdb") {
            return candidate
        }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: expanded, isDirectory: &isFolder) {
            throw TrawlError(
                .notFound, "this is not a Trawl index", path: name,
                topic: .index)
        }
        let known = all().map { ($0 as NSString).lastPathComponent.replacingOccurrences(of: ".trawl", with: "") }
        throw TrawlError(
            .notFound, "no such index", path: name,
            remedy: known.isEmpty ? nil : "there are \(known.joined(separator: ", "))", topic: .index)
    }

    /// The paths of all indexes in `folders`.
    public static func all() -> [String] {
        folders.flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.filter { $0.hasSuffix(".trawl") }.sorted()
                .map { folder == "." ? $0 : "\(folder)/\($0)" }
                .filter { FileManager.default.fileExists(atPath: $0 + "/data.mdb") }
        }
    }
}
