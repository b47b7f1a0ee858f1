import TrawlCore
import TrawlStore

/// Deletes documents of an index and rewrites its segments. Every change is one commit: a search that has begun continues
/// with the index as it was, and a killed process leaves it as it was before a commit or after.
public struct IndexUpdater {
    private let path: String
    private let parts: IndexParts
    private let progress: any ProgressReporter
    private let segmentTextBytes: Int

    init(
        path: String, parts: IndexParts = .default, progress: any ProgressReporter = .silent,
        segmentTextBytes: Int = IndexBuilder.segmentTextBytes
    ) {
        self.path = path
        self.parts = parts
        self.progress = progress
        self.segmentTextBytes = segmentTextBytes
    }

    /// Deletes the documents of `ids`, then rewrites segments that have become wasteful.
    ///
    /// - Parameter ignoringMissing: Whether ids that the index does not have are ignored.
    /// - Throws: `TrawlError.notFound` that names the ids that the index does not have; nothing is changed then.
    func delete(_ ids: [DocumentID], ignoringMissing: Bool = false) throws -> UpdateReport {
        _ = try SearchIndex(path: path, parts: parts)
        let session = try Store.open(at: path).write()
        // The lock is held: nobody builds the index by another recipe meanwhile.
        let recipe = try SearchIndex(path: path, parts: parts).recipe
        let deleted = try delete(ids, ignoringMissing: ignoringMissing, session, recipe)
        if deleted > 0 { Self.settle(session, parts, segmentTextBytes: segmentTextBytes, progress: progress) }
        return UpdateReport(deleted: deleted, index: try SearchIndex(path: path, parts: parts).summary)
    }

    /// Deletes and commits; answers how many documents. Its snapshot ends with it, so that the pages that it looked at can
    /// be used again.
    private func delete(
        _ ids: [DocumentID], ignoringMissing: Bool, _ session: WriteSession, _ recipe: IndexRecipe
    ) throws -> Int {
        let stored = try StoredDocuments(session.snapshot(of: session.manifest.segments))
        var deletions = PendingDeletions(from: stored, parts.built(by: recipe))
        var missing: [DocumentID] = []
        var seen: Set<DocumentID> = []
        for id in ids where seen.insert(id).inserted {
            if let position = try stored.position(of: id) { deletions.delete(position) } else { missing.append(id) }
        }
        guard missing.isEmpty || ignoringMissing else { throw Self.unknown(missing, path: path) }
        if deletions.count > 0 { try session.commit(segments: deletions.write(session, progress: progress)) }
        return deletions.count
    }

    /// Makes `settings` the defaults of searches.
    ///
    /// - Parameter attach: Sets what else the commit stores, such as what was fitted.
    func setDefaults(_ settings: SearchSettings, attach: (WriteSession) throws -> Void = { _ in }) throws {
        try settings.validate(parts)
        try store { session in
            // The lock is held: nobody changes the recipe meanwhile.
            var file = RecipeFile(try SearchIndex(path: path, parts: parts).recipe, settings: settings)
            file.settings.locateModels(in: ".")
            session.setMetadata(SearchIndex.recipeName, bytes: Array(try file.yaml(parts: parts).utf8))
            try attach(session)
        }
    }

    /// Commits what `attach` sets; documents and defaults stay as they are.
    func store(_ attach: (WriteSession) throws -> Void) throws {
        let session = try Store.open(at: path).write()
        try attach(session)
        try session.commit(segments: session.manifest.segments)
    }

    /// Rewrites the index as few segments as the limit on their text allows, without deleted documents.
    func compact() throws -> UpdateReport {
        _ = try SearchIndex(path: path, parts: parts)
        let session = try Store.open(at: path).write()
        let segments = session.manifest.segments
        let stored = try StoredDocuments(session.snapshot(of: segments))
        // Segments at the front that are full and have lost nothing stay as they are.
        let first = try segments.indices.first { position in
            try segments[position].deletions != nil || stored.liveTextBytes(position) < segmentTextBytes
        }
        if let first, segments.count - first > 1 || segments[first].deletions != nil {
            try SegmentMerger(session, parts, progress: progress).replace(
                first..<segments.count, textBytes: segmentTextBytes)
        }
        return UpdateReport(deleted: 0, index: try SearchIndex(path: path, parts: parts).summary)
    }

    /// Merges segments, one commit each, until the policy is content. What was asked for has been committed before, so
    /// that a merge that fails is a warning.
    static func settle(
        _ session: WriteSession, _ parts: IndexParts, segmentTextBytes: Int, progress: any ProgressReporter
    ) {
        let policy = MergePolicy(largestMerge: segmentTextBytes)
        do {
            while let run = try policy.nextMerge(policySegments(session)) {
                try SegmentMerger(session, parts, progress: progress).replace(run, textBytes: .max)
            }
        } catch {
            progress.end()
            progress.warn(
                "the change is done, but merging segments failed, which compacting tries again: \(error)")
        }
    }

    private static func policySegments(_ session: WriteSession) throws -> [MergePolicy.Segment] {
        try session.snapshot(of: session.manifest.segments).segments.map { reader in
            let bytes = try reader.blob(DocumentTables.text, recordSize: 1).byteCount
            let share = Double(reader.info.liveDocumentCount) / Double(max(1, reader.info.documentCount))
            return MergePolicy.Segment(liveBytes: Int(Double(bytes) * share), bytes: bytes)
        }
    }

    private static func unknown(_ ids: [DocumentID], path: String) -> TrawlError {
        let named = ids.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        return TrawlError(
            .notFound,
            "the index has no document \(named)" + (ids.count > 5 ? " and \(ids.count - 5) more that were named" : ""),
            path: path, remedy: "nothing was deleted", topic: .missingDocuments)
    }
}

extension StoredDocuments {
    /// The text of the live documents of a segment, titles included, in bytes.
    fileprivate func liveTextBytes(_ position: Int) throws -> Int {
        let segment = segments[position]
        return try (0..<segment.reader.info.documentCount).reduce(0) { sum, document in
            guard !segment.isDead(document: document) else { return sum }
            let record = try segment.record(document)
            return sum + Int(record.titleBytes) + Int(record.textBytes)
        }
    }
}

/// What a change of an index did, for scripts.
public struct UpdateReport: Codable, Sendable {
    /// The documents that were deleted now.
    public let deleted: Int
    public let index: IndexSummary
}
