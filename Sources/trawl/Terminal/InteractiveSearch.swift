import Foundation
import TrawlCore
import TrawlEngine

/// Answers queries at a prompt, each from the newest commit of the index. An error is shown and the next line is read.
final class InteractiveSearch {
    private let engine: Engine
    private var index: any Searchable
    private var settings: SearchSettings
    /// Made anew when the settings or the index change.
    private var session: SearchSession?
    private var hits: [SearchHit] = []
    /// Whether hits are shown with reasons.
    private var explains: Bool
    /// Whether hits are shown by the part that matches, which takes the matches too.
    private let showsSnippets: Bool
    private let makePrinter: (_ explains: Bool) -> HitPrinter
    /// The conditions that the session began with.
    private let conditions: [DocumentCondition]

    /// Whether any query had a hit.
    private(set) var found = false

    init(
        _ engine: Engine, _ index: any Searchable, _ session: SearchSession, explains: Bool, showsSnippets: Bool,
        printer: @escaping (_ explains: Bool) -> HitPrinter
    ) {
        self.engine = engine
        self.index = index
        self.session = session
        self.explains = explains
        self.showsSnippets = showsSnippets
        settings = session.settings
        conditions = settings.conditions
        makePrinter = printer
    }

    func run() {
        let prompt = Prompt("query> ")
        defer { prompt.close() }
        Diagnostics.line(
            "\(index.path): \(counted(index.summary.documents, "document")); :help lists commands")
        while let line = prompt.line() {
            if line.allSatisfy(\.isWhitespace) { continue }
            do {
                guard try perform(PromptCommand(line)) else { return }
            } catch {
                Diagnostics.error(error)
            }
        }
        Diagnostics.write("\n")
    }

    /// - Returns: whether to go on.
    private func perform(_ command: PromptCommand) throws -> Bool {
        switch command {
        case .query(let text): try answer(text)
        case .mode(let mode): try change { $0.mode = mode }
        case .limit(let limit): try change { $0.limit = limit }
        case .explain(let wanted):
            explains = wanted ?? !explains
            try change { $0.explains = explains || showsSnippets }
        case .filter(let text):
            let added = text.isEmpty ? [] : [try DocumentCondition(text)]
            try change { $0.conditions = conditions + added }
        case .open(let rank): try open(rank)
        case .help: Diagnostics.line(PromptCommand.helpText)
        case .quit: return false
        }
        return true
    }

    /// Changes the settings, unless a search with them cannot be made.
    private func change(_ body: (inout SearchSettings) -> Void) throws {
        var changed = settings
        body(&changed)
        index = try index.newest()
        session = try index.session(by: engine, changed)
        settings = changed
        Diagnostics.line(
            ([
                settings.mode.map { "mode \($0)" }, counted(settings.limit, "hit"),
                explains ? "explained" : nil,
            ]
                + settings.conditions.map { "where \($0)" })
                .compactMap { $0 }.joined(separator: ", "))
    }

    private func answer(_ text: String) throws {
        let newest = try index.newest()
        if newest !== index { session = nil }
        index = newest
        let session = try session ?? index.session(by: engine, settings)
        self.session = session
        for result in try session.search([Query(id: "1", text: text)]) {
            hits = result.hits
            found = found || !hits.isEmpty
            try makePrinter(explains).show(result, heading: false)
        }
    }

    private func open(_ rank: Int) throws {
        guard rank <= hits.count else {
            throw TrawlError(
                .invalidInput, "there is no hit \(rank)",
                remedy: hits.isEmpty ? "ask a query first" : "the last query has hits 1 to \(hits.count)")
        }
        let id = hits[rank - 1].document
        guard let document = try index.newest().document(id) else {
            throw TrawlError(.notFound, "the document \"\(id)\" was removed since", path: index.path)
        }
        DocumentPrinter.show(title: document.title, text: document.text)
    }
}
