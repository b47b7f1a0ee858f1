import TrawlCore
import TrawlCorpus
import TrawlEmbeddings
import TrawlStore
import TrawlTensors
import TrawlVectorIndex

/// Embeds passages and writes their vectors. What an interrupted run embedded, and what the document that is replaced has
/// embedded already, is not embedded again.
final class VectorsBuilder: PartBuilder {
    private let embedder: TextEmbedder
    private let prompt: EmbeddingPrompt
    private let recipe: DenseRecipe
    private let settings: VectorSettings
    private let existing: SearchIndex?
    private let unfinished: String
    /// Opened by the first segment: the writer's lock is held then.
    private var log: EmbeddingLog?
    /// Whether the log takes no more, because the disk does not.
    private var logHasFailed = false

    /// Passages are embedded in lots of this many, sorted by length. It bounds the memory, and what an interruption loses.
    private static let lotSize = 448

    init(_ recipe: DenseRecipe, _ context: BuildContext) throws {
        self.recipe = recipe
        existing = context.existing
        unfinished = context.unfinished
        embedder = try context.models.embedder(recipe.model, precision: recipe.precision)
        prompt = try recipe.prompt(of: embedder)
        settings = recipe.vectors.settings(similarity: embedder.similarity?.rawValue)
        try settings.codes.check(dimension: embedder.dimension)
    }

    var fingerprint: Fingerprint? { embedder.fingerprint }

    var passageMeasure: PassageMeasure? {
        PassageMeasure(limit: embedder.longestText(in: prompt)) { [embedder] in embedder.lengths(of: $0) }
    }

    func write(_ draft: SegmentDraft, into writer: SegmentWriter, progress: any ProgressReporter) throws {
        let log = try openLog(progress)
        progress.begin("embeddings", total: draft.passageCount, unit: "passages")
        let builder = try VectorSegmentBuilder(dimension: embedder.dimension, settings, into: writer)
        var lot: [(text: String, known: [Float]?)] = []
        let limit = embedder.longestText(in: prompt)
        var cut: [UInt32] = []
        func writeLot() throws {
            let new = lot.filter { $0.known == nil }.map(\.text)
            let matrix = try embedder.embed(new, in: prompt, progress: StepProgress(base: progress))
            keep(new, matrix.values, in: log, progress)
            for (index, length) in embedder.lengths(of: lot.map(\.text)).enumerated() where length > limit {
                cut.append(UInt32(builder.rowCount + index))
            }
            var row = 0
            for (_, known) in lot {
                try builder.append(known ?? Array(matrix[row]))
                if known == nil { row += 1 }
            }
            progress.advance(lot.count - new.count)
            lot.removeAll(keepingCapacity: true)
        }
        for entry in draft.entries {
            let replaced = try replacedVectors(entry.document.id)
            for text in entry.passageContents {
                lot.append((text, try replaced[text] ?? log.vector(of: text)))
                if lot.count == Self.lotSize { try writeLot() }
            }
        }
        if !lot.isEmpty { try writeLot() }
        progress.end()
        try CutPassages.write(cut, into: writer)
        if !cut.isEmpty {
            progress.warn(
                "\(cut.count) of \(draft.passageCount) passages are longer than the \(embedder.maximumTokens) tokens that the "
                    + "embedding model reads; dense search does not see their ends")
        }
        try builder.finish(progress: progress)
    }

    private func openLog(_ progress: any ProgressReporter) throws -> EmbeddingLog {
        if let log { return log }
        let around = prompt.around("\u{0}").debugDescription
        let log = try EmbeddingLog(
            folder: unfinished, identity: "\(embedder.digest) \(recipe.precision.rawValue) \(around)",
            dimension: embedder.dimension)
        if log.count > 0 { progress.warn("using \(log.count) embeddings of an interrupted run") }
        self.log = log
        return log
    }

    /// A log that cannot be written costs only the next run's time.
    private func keep(_ texts: [String], _ vectors: [Float], in log: EmbeddingLog, _ progress: any ProgressReporter) {
        guard !logHasFailed else { return }
        do {
            try log.append(texts, vectors)
        } catch {
            logHasFailed = true
            progress.warn("embeddings are not kept for a run that is interrupted: \(error)")
        }
    }

    /// The vectors that the index has of a document, by the passages' contents.
    private func replacedVectors(_ id: DocumentID) throws -> [String: [Float]] {
        guard let existing, let position = try existing.documents.position(of: id) else { return [:] }
        let segment = existing.documents.segments[position.segment]
        let vectors = try existing.open(VectorsPart())
        let document = try segment.document(position.document)
        let texts = contents(
            ofPassages: document.passages, in: document.text, title: document.title, headings: document.headings)
        var known: [String: [Float]] = [:]
        for (local, content) in zip(try segment.passages(of: position.document), texts) {
            known[content] = try vectors.vector(of: PassageID(segment.reader.passageBase + local))
        }
        return known
    }
}

/// Passes on advances to a step that has begun, and nothing else.
private struct StepProgress: ProgressReporter {
    let base: any ProgressReporter

    func begin(_ step: String, total: Int?, unit: String) {}
    func advance(_ count: Int) { base.advance(count) }
    func end() {}
    func note(_ message: String) { base.note(message) }
    func warn(_ message: String) { base.warn(message) }
}
