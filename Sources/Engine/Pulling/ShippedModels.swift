import Foundation
import TrawlCore

/// Models that come with Trawl: beside an installed program in `share/trawl/models`, in a checkout in `models`.
enum ShippedModels {
    /// The folders that may hold them, by the place of the running program.
    static let folders: [String] = {
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            return []
        }
        return folders(program: program)
    }()

    /// PREFIX/bin/trawl has PREFIX/share/trawl/models; a program that was built in a checkout has the checkout's.
    static func folders(program: String) -> [String] {
        var folder = (program as NSString).deletingLastPathComponent
        var folders = [(folder as NSString).deletingLastPathComponent + "/share/trawl/models"]
        while folder.count > 1 {
            folder = (folder as NSString).deletingLastPathComponent
            if FileManager.default.fileExists(atPath: folder + "/Package.swift") { folders.append(folder + "/models") }
        }
        return folders
    }

    /// - Throws: `TrawlError.notFound` when no folder has it.
    static func path(of name: String, in folders: [String]) throws -> String {
        for folder in folders where FileManager.default.fileExists(atPath: "\(folder)/\(name)/config.json") {
            return "\(folder)/\(name)"
        }
        throw TrawlError(
            .notFound, "\(name), which comes with Trawl, is not beside the program", path: folders.first,
            remedy: "install Trawl again, with all of its files")
    }

    /// What to do about a model that is installed: nil to replace it, because it is of another Trawl or half of it is
    /// missing; `kept` when the user has fitted its weights of n-grams anew, or removed them.
    static func state(of installed: String, shipped: String) -> ModelPull.Result.Outcome? {
        let files = FileManager.default
        func same(_ name: String) -> Bool {
            files.contentsEqual(atPath: "\(installed)/\(name)", andPath: "\(shipped)/\(name)")
        }
        guard same("config.json"), same("model.safetensors") else { return nil }
        let weights = "key_weights.json"
        if same(weights) { return .present }
        // An earlier Trawl fitted weights to other features, which cannot be used any more.
        let own = try? String(contentsOfFile: "\(installed)/\(weights)", encoding: .utf8)
        if let own, !own.contains("\"query_odds\"") { return nil }
        return .kept
    }
}
