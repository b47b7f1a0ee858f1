import Foundation
import TrawlCore
import Yams

extension Recipe {
    /// Reads the recipe in the YAML file `path`. Relative corpus paths become relative to the file's folder.
    ///
    /// - Throws: `TrawlError.invalidInput` that names the file and the setting.
    public init(contentsOf path: String) throws {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw TrawlError(.notFound, "the recipe cannot be read", path: path, cause: error)
        }
        do {
            self = try Recipe(yaml: text)
        } catch let error as TrawlError {
            throw error.at(path: path)
        }
        let folder = (path as NSString).deletingLastPathComponent
        corpus.paths = corpus.paths.map { TrawlHome.resolve($0, relativeTo: folder) }
    }

    /// Reads a recipe from YAML text.
    public init(yaml text: String) throws {
        do {
            // An empty file is a recipe that takes every default.
            let isEmpty = try Yams.compose(yaml: text) == nil
            self = isEmpty ? Recipe() : try YAMLDecoder().decode(Recipe.self, from: text)
        } catch let error as TrawlError {
            throw error
        } catch let error as YamlError {
            throw TrawlError(.invalidInput, "this is not YAML: \(error)")
        } catch let DecodingError.typeMismatch(_, context) {
            throw Self.wrongValue(context)
        } catch let DecodingError.keyNotFound(key, context) {
            let place = (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
            throw TrawlError(.invalidInput, "the setting \"\(place)\" is missing")
        } catch let DecodingError.dataCorrupted(context) {
            if let error = context.underlyingError as? TrawlError { throw error }
            throw Self.wrongValue(context)
        } catch {
            throw TrawlError(.invalidInput, "the recipe cannot be read", cause: error)
        }
    }

    /// The recipe as YAML, with every setting.
    public func yaml() throws -> String {
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        encoder.options.allowUnicode = true
        return try encoder.encode(self)
    }

    private static func wrongValue(_ context: DecodingError.Context) -> TrawlError {
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        return TrawlError(
            .invalidInput, "the setting \"\(place)\" has a value of the wrong kind: \(context.debugDescription)")
    }
}
