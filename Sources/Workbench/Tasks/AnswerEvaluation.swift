import Foundation
public import TrawlCore
public import TrawlEngine
public import TrawlEvaluation

/// Looks for the answers of questions in what was found for them: the documents of a run, whose texts are in an index, or the
/// documents or passages that a search of the index finds.
public final class AnswerEvaluation {
    private let engine: Engine
    private let index: SearchIndex
    private let questions: AnsweredQuestions
    private let cutoffs: [Int]
    private var matcher: AnswerMatcher
    /// Many questions find the same texts.
    private var documentTexts: [DocumentID: AnswerMatcher.PreparedText?] = [:]
    private var passageTexts: [PassageID: AnswerMatcher.PreparedText] = [:]

    /// - Parameter cutoffs: The ranks k of A@k.
    public init(
        _ engine: Engine, _ index: SearchIndex, _ questions: AnsweredQuestions, cutoffs: [Int],
        rule: AnswerMatcher.Rule = .string
    ) {
        self.engine = engine
        self.index = index
        self.questions = questions
        self.cutoffs = cutoffs
        matcher = AnswerMatcher(rule)
    }

    /// Answers that are no regular expressions, so far as they were looked for.
    public var invalidExpressions: [String] { matcher.invalidExpressions.sorted() }

    /// What a run does not fit in.
    public struct Gaps: Sendable, Equatable {
        /// Questions that the run does not answer, which count as misses.
        public var unanswered = 0
        /// Queries of the run that are none of the questions, which do not count.
        public var unknownQueries = 0
        /// Documents of the run that the index lacks, which have no answer.
        public var missingDocuments: Set<DocumentID> = []
    }

    /// - Throws: `TrawlError.invalidInput` when the run answers none of the questions.
    public func evaluate(_ run: Run) throws -> (accuracy: AnswerAccuracy, gaps: Gaps) {
        var accuracy = AnswerAccuracy(cutoffs: cutoffs)
        var gaps = Gaps()
        let ids = Set(questions.questions.compactMap { run.name(of: $0.id) })
        gaps.unknownQueries = run.queries.count { !ids.contains($0) }
        guard gaps.unknownQueries < run.queries.count else {
            throw TrawlError(
                .invalidInput,
                "the run answers none of the questions: the first are \(run.queries.first ?? "none") and "
                    + "\(questions.questions.first?.id ?? "none")",
                remedy: "check that run and questions belong together; questions without an id have their numbers")
        }
        for question in questions.questions {
            let name = run.name(of: question.id)
            if name == nil { gaps.unanswered += 1 }
            let found = run.ranked(name ?? question.id).prefix(cutoffs.max() ?? 0)
            let place = try found.firstIndex { entry in
                guard let text = try text(of: entry.document) else {
                    gaps.missingDocuments.insert(entry.document)
                    return false
                }
                return matcher.matches(text, question.answers)
            }
            accuracy.add(question.id, firstRank: place.map { $0 - found.startIndex + 1 })
        }
        return (accuracy, gaps)
    }

    /// Searches for the questions.
    ///
    /// - Parameter settings: With `collapsesDocuments`, whole documents are looked at, else passages.
    public func evaluate(
        _ settings: SearchSettings, progress: any ProgressReporter = .silent
    ) throws -> (mode: SearchMode, accuracy: AnswerAccuracy) {
        var settings = settings
        settings.limit = cutoffs.max() ?? 1
        let session = try engine.session(index, settings)
        let mode = session.settings.mode ?? .hybrid
        var accuracy = AnswerAccuracy(cutoffs: cutoffs)
        let all = questions.questions
        progress.begin("\(mode) questions", total: all.count, unit: "questions")
        defer { progress.end() }
        for start in stride(from: 0, to: all.count, by: SearchSession.batchSize) {
            let batch = all[start..<min(start + SearchSession.batchSize, all.count)]
            let queries = try batch.map { question in
                guard let text = Query.text(question.text) else {
                    throw TrawlError(
                        .invalidInput, "question \(question.id) is blank", remedy: "write a text or remove it")
                }
                return Query(id: question.id, text: text)
            }
            for (question, ranking) in zip(batch, try session.rankPassages(queries)) {
                let place = try ranking.firstIndex { entry in
                    if settings.collapsesDocuments {
                        let document = try index.documents.documentID(index.documents.documentNumber(of: entry.passage))
                        return try text(of: document).map { matcher.matches($0, question.answers) } ?? false
                    }
                    return matcher.matches(try text(of: entry.passage), question.answers)
                }
                accuracy.add(question.id, firstRank: place.map { $0 + 1 })
            }
            progress.advance(batch.count)
        }
        return (mode, accuracy)
    }

    private func text(of document: DocumentID) throws -> AnswerMatcher.PreparedText? {
        if let known = documentTexts[document] { return known }
        // Runs percent-encode white space in ids.
        let decoded = document.rawValue.removingPercentEncoding.map(DocumentID.init)
        let found = try index.documents.document(document) ?? decoded.flatMap { try index.documents.document($0) }
        let text = found.map { matcher.prepare($0.text) }
        documentTexts[document] = .some(text)
        return text
    }

    private func text(of passage: PassageID) throws -> AnswerMatcher.PreparedText {
        if let known = passageTexts[passage] { return known }
        let text = matcher.prepare(try index.documents.passage(passage).text)
        passageTexts[passage] = text
        return text
    }
}
