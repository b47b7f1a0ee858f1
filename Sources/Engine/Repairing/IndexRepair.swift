import Foundation
import TrawlCore
import TrawlCorpus
import TrawlStore

/// Writes a new index of what is intact in a damaged one: segments that are sound as they are, and the documents of others,
/// which are the source of everything else that an index holds.
struct IndexRepair {
    let path: String
    let output: String
    /// The most passages for checks that take as long as indexing them.
    let sample: Int
    let engine: Engine
    let progress: any ProgressReporter

    /// A segment that is not copied, and why.
    private struct Damaged {
        let segment: SalvagedSegment
        let damage: String
    }

    /// What was learned so far.
    private struct Findings {
        var copied: [(number: UInt32, info: SegmentInfo)] = []
        var damaged: [Damaged] = []
        var lost: [RepairReport.LostDocument] = []
        var problems: [String] = []
        /// The parts whose model is missing or another one: they can be copied, and neither checked nor built.
        var withoutModel: Set<String> = []
        /// nil also for a shard that has lost the record of that.
        var shard: ShardRecord?
        var unverified: Set<String> = []
    }

    func run() throws -> RepairReport {
        guard !Store.exists(at: output) else {
            throw TrawlError(
                .invalidInput, "there is an index already", path: output, remedy: "name a new folder for what is saved")
        }
        try Store.checkOutput(at: output)
        let store = try DamagedStore(at: path)
        var findings = Findings()
        if let damage = store.damage { findings.problems.append("the last commit may be lost: \(damage)") }
        let (snapshot, file) = try readable(store, &findings)
        do {
            findings.shard = try ShardRecord.read(snapshot)
        } catch {
            findings.problems.append("which shard of a corpus the index is: \(error)")
        }
        do {
            return try run(snapshot, file, &findings)
        } catch {
            try? Store.remove(at: output)
            throw error
        }
    }

    /// The last commit that can be found, with the newest recipe that can be read.
    private func readable(_ store: DamagedStore, _ findings: inout Findings) throws -> (Snapshot, RecipeFile) {
        var failure: (any Error)?
        for snapshot in store.snapshots {
            do {
                let file = try SearchIndex.recipeFile(of: snapshot, engine.parts)
                guard let failure else { return (snapshot, file) }
                findings.problems.append(
                    "the recipe and settings of the last commit, for which those of the one before are taken: \(failure)"
                )
                return (store.snapshots[0].withMetadata(of: snapshot), file)
            } catch {
                failure = failure ?? error
            }
        }
        throw failure ?? TrawlError(.corrupted, "no commit of the index can be read", path: path)
    }

    private func run(_ snapshot: Snapshot, _ file: RecipeFile, _ findings: inout Findings) throws -> RepairReport {
        try copySoundSegments(of: snapshot, &findings)
        let live = try engine.open(output).documents
        let chosen = try documents(of: findings.damaged.map(\.segment), without: live, &findings)
        if findings.copied.isEmpty, chosen.isEmpty, !findings.damaged.isEmpty {
            throw TrawlError(
                .corrupted, "no document can be read: \(findings.damaged[0].damage)", path: path,
                remedy: "restore a copy or build the index again")
        }
        if !chosen.isEmpty { try rebuild(chosen, file, snapshot, findings) }
        try verify(&findings)
        return report(chosen, try engine.open(output).summary, findings)
    }

    // MARK: Copying

    private func copySoundSegments(of snapshot: Snapshot, _ findings: inout Findings) throws {
        let store = try Store.create(at: output)
        let session = try store.write()
        if let recipe = try snapshot.metadata(SearchIndex.recipeName) {
            session.setMetadata(SearchIndex.recipeName, bytes: recipe)
        }
        // Segments mean nothing without the vocabulary and whatever else is stored beside them.
        var missing: (any Error)?
        do {
            try snapshot.forEachMetadata { name, bytes in
                if name != ShardRecord.metadataName || findings.shard != nil { session.setMetadata(name, bytes: bytes) }
            }
        } catch {
            missing = error
        }
        try session.commit(segments: [])
        findings.withoutModel = try partsWithoutModel()
        for segment in snapshot.segments {
            do {
                if let missing { throw missing }
                try segment.verifyAllChecksums()
                try segment.deletionReader?.verifyAllChecksums()
                let info = try session.copy(segment)
                try check(info, store, session, &findings)
                findings.copied.append((segment.info.number, info))
            } catch let error as TrawlError where error.code != .corrupted && error.code != .incompatible {
                throw error
            } catch {
                findings.damaged.append(Damaged(segment: SalvagedSegment(segment), damage: Self.message(of: error)))
            }
        }
        try session.commit(segments: findings.copied.map(\.info))
    }

    private func partsWithoutModel() throws -> Set<String> {
        let index = try engine.open(output)
        let context = BuildContext(
            models: engine.models, existing: index, unfinished: Store.unfinishedFolder(of: output))
        return Set(
            index.parts.filter { part in
                do {
                    try part.makeBuilder(index.recipe, context).fingerprint?.require(
                        in: index.fingerprints, path: output)
                    return false
                } catch {
                    // What the index stores for the part may be what is damaged.
                    return (error as? TrawlError)?.code != .corrupted
                }
            }.map(\.name))
    }

    /// Checks a segment that was copied, alone.
    private func check(_ info: SegmentInfo, _ store: Store, _ session: WriteSession, _ findings: inout Findings) throws
    {
        let index = try SearchIndex(
            path: output, parts: engine.parts, store: store, snapshot: session.snapshot(of: [info]))
        let checker = IndexChecker(path: output, sample: sample, engine: engine, progress: progress)
        for result in checker.run(index) where !result.passed {
            let detail = "\(result.name): \(result.detail ?? "")"
            guard findings.withoutModel.contains(result.name) else { throw TrawlError(.corrupted, detail) }
            findings.unverified.insert(detail)
        }
    }

    private static func message(of error: any Error) -> String {
        (error as? TrawlError)?.message ?? "\(error)"
    }

    // MARK: Documents

    /// The documents that are to be indexed again, in order; those that cannot be read become findings.
    ///
    /// - Parameter live: what was copied. Of a document that was written again later only that is taken.
    private func documents(
        of segments: [SalvagedSegment], without live: StoredDocuments, _ findings: inout Findings
    ) throws -> [(segment: SalvagedSegment, number: UInt32)] {
        var chosen: [(segment: SalvagedSegment, number: UInt32)] = []
        var seen: Set<DocumentID> = []
        for segment in segments.reversed() {
            if findings.shard != nil, !segment.hasPositions {
                findings.problems.append(
                    "the positions of the documents of segment \(segment.reader.info.number) in the whole corpus")
            }
            if !segment.hasHeadings {
                findings.problems.append("the headings of the documents of segment \(segment.reader.info.number)")
            }
            var names: [UInt32: DocumentID]?
            for number in (0..<segment.documentCount).reversed() where !segment.isDead(number) {
                if let id = segment.id(of: number), segment.document(number, keys: [:]) != nil {
                    guard try !live.contains(id), seen.insert(id).inserted else { continue }
                    chosen.append((segment, number))
                    continue
                }
                names = names ?? segment.tableOfIDs()
                let id = segment.id(of: number) ?? names?[number]
                // What may have been deleted may have been written again.
                if let id, !segment.knowsDeletions, try seen.contains(id) || live.contains(id) { continue }
                findings.lost.append(
                    RepairReport.LostDocument(document: id, segment: segment.reader.info.number, number: number))
            }
        }
        findings.lost.reverse()
        return chosen.reversed()
    }

    private func rebuild(
        _ chosen: [(segment: SalvagedSegment, number: UInt32)], _ file: RecipeFile, _ snapshot: Snapshot,
        _ findings: Findings
    ) throws {
        let files = (try? snapshot.metadata(CorpusFileTable.metadataName)).flatMap { $0 }.flatMap {
            try? CorpusFileTable(stored: $0, path: path)
        }
        let keys = Dictionary(
            (files?.numbers ?? [:]).map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        // Without a segment that is sound, what is stored beside them may be what is damaged: that is made anew too.
        let adding = !findings.copied.isEmpty
        try IndexBuilder(
            restoring: file, files: files, shard: findings.shard, output: output, adding: adding, engine: engine,
            progress: progress
        ).run(SalvagedDocuments(chosen, keys: keys))
        let fitted =
            try adding
            ? []
            : SearchIndex.fittedNames.compactMap { name in
                try snapshot.metadata(name).map { (name, $0) }
            }
        if !fitted.isEmpty {
            let session = try Store.open(at: output).write()
            for (name, bytes) in fitted { session.setMetadata(name, bytes: bytes) }
            try session.commit(segments: session.manifest.segments)
        }
    }

    // MARK: The result

    private func verify(_ findings: inout Findings) throws {
        for result in try engine.check(output, sample: sample, progress: progress) where !result.passed {
            let detail = "\(result.name): \(result.detail ?? "")"
            guard findings.withoutModel.contains(result.name) else {
                throw TrawlError(
                    .corrupted, "what could be saved does not make a sound index: \(detail)", path: path,
                    remedy: "build the index again")
            }
            findings.unverified.insert(detail)
        }
    }

    private func report(
        _ chosen: [(segment: SalvagedSegment, number: UInt32)], _ summary: IndexSummary, _ findings: Findings
    ) -> RepairReport {
        let copied = findings.copied.map { number, info in
            RepairReport.Segment(segment: number, outcome: .copied, documents: info.liveDocumentCount, damage: nil)
        }
        let rebuilt = findings.damaged.map { damaged in
            let number = damaged.segment.reader.info.number
            return RepairReport.Segment(
                segment: number, outcome: .rebuilt,
                documents: chosen.count { $0.segment.reader.info.number == number }, damage: damaged.damage)
        }
        return RepairReport(
            index: summary, segments: (copied + rebuilt).sorted { $0.segment < $1.segment }, lost: findings.lost,
            lostDocuments: findings.lost.count,
            resurrectedSegments: findings.damaged.filter { !$0.segment.knowsDeletions }.map {
                $0.segment.reader.info.number
            }, problems: findings.problems, unverified: findings.unverified.sorted())
    }
}
