import Synchronization
import TrawlCore
public import TrawlEngine

/// Answers the questions of coordinators over one index.
///
/// It keeps nothing between two questions but open commits of the index: the newest, and for a while those before it, so that a
/// search which began before a commit ends on what it began with.
public final class ShardService: Sendable {
    private let newest: Mutex<SearchIndex>
    private let versions = Mutex<[Version]>([])

    private struct Version {
        let shard: OpenShard
        /// When another commit was found to follow.
        var superseded: ContinuousClock.Instant?
    }

    /// How long a commit that is not the newest is kept open. The store cannot use its pages again until then.
    private static let grace = Duration.seconds(30)

    public init(_ index: SearchIndex) { newest = Mutex(index) }

    /// Lets go of commits that searches which began before them no longer need. A server calls it every second or so.
    public func releaseOldCommits() {
        // Even where no coordinator has asked: the index itself is held, and the store cannot use the pages of its commit again.
        guard let index = try? current() else { return }
        versions.withLock { versions in
            for number in versions.indices where versions[number].shard.index !== index {
                versions[number].superseded = versions[number].superseded ?? .now
            }
            versions.removeAll { $0.superseded.map { .now - $0 > Self.grace } ?? false }
        }
    }

    /// The index as its last commit left it.
    private func current() throws -> SearchIndex {
        let known = newest.withLock { $0 }
        let refreshed = try known.refreshed()
        if refreshed !== known { newest.withLock { $0 = refreshed } }
        return refreshed
    }

    /// The answer to a question, both as bytes; an error is an answer too.
    public func answer(_ question: [UInt8]) -> [UInt8] {
        do {
            return try checkedAnswer(question)
        } catch let fault as ByteFault {
            return failure(
                TrawlError(
                    .invalidInput, "the question cannot be read: \(fault.message)",
                    remedy: "run the same version of Trawl on all machines"))
        } catch let error as TrawlError {
            return failure(error)
        } catch {
            return failure(TrawlError(.io, "\(error)"))
        }
    }

    private func failure(_ error: TrawlError) -> [UInt8] {
        ShardFrame.answer(status: 1, commit: 0, ShardFault(error))
    }

    private func checkedAnswer(_ question: [UInt8]) throws -> [UInt8] {
        let (code, commit, body) = try ShardFrame.readQuestion(question)
        guard let operation = ShardOperation(rawValue: code) else {
            throw ByteFault("there is no operation \(code)")
        }
        let shard = try version(commit)
        var reader = body
        func answer<Question: ShardQuestion>(
            _ type: Question.Type, _ compute: (Question) throws -> Question.Answer
        ) throws -> [UInt8] {
            let question = try reader.next(type)
            try reader.finish()
            return ShardFrame.answer(status: 0, commit: shard.commit, try compute(question))
        }
        switch operation {
        case .describe: return try answer(DescribeShard.self) { _ in try shard.description() }
        case .termFrequencies: return try answer(TermFrequencies.self, shard.frequencies)
        case .expandTerm: return try answer(ExpandTerm.self, shard.expansions)
        case .searchTerms: return try answer(SearchTerms.self, shard.search)
        case .searchOperators: return try answer(SearchOperators.self, shard.search)
        case .allowed: return try answer(AllowedPassages.self, shard.allowed)
        case .explainTerms: return try answer(ExplainTerms.self, shard.explanation)
        case .explainOperators: return try answer(ExplainOperators.self, shard.explanation)
        case .writtenForm: return try answer(FindWrittenForm.self, shard.writtenForm)
        case .searchVectors: return try answer(SearchVectors.self, shard.search)
        case .vectors: return try answer(PassageVectors.self, shard.vectors)
        case .nextTokens: return try answer(NextTokens.self, shard.nextTokens)
        case .locate: return try answer(LocateNGrams.self, shard.counts)
        case .rankKeys: return try answer(RankKeys.self, shard.rank)
        case .passageTokens: return try answer(PassageTokenLists.self, shard.tokens)
        case .passages: return try answer(FetchPassages.self, shard.passages)
        case .documentPassages: return try answer(DocumentPassages.self, shard.passages)
        case .missingFields: return try answer(MissingFields.self, shard.missingFields)
        case .document:
            return try answer(FetchDocument.self) { question in
                try shard.index.documents.document(DocumentID(question.id)).map { FetchedDocument($0) }
            }
        case .phrases: return try answer(FindPhrase.self, shard.find)
        }
    }

    /// The index at a commit; 0 means the newest.
    ///
    /// - Throws: `TrawlError.busy` for a commit that is not kept.
    private func version(_ commit: UInt64) throws -> OpenShard {
        if commit != 0, let known = versions.withLock({ $0.first { $0.shard.commit == commit } }) { return known.shard }
        let index = try current()
        if let known = versions.withLock({ $0.first { $0.shard.index === index } }), commit == 0 { return known.shard }
        let newest = try OpenShard(index)
        let found = versions.withLock { versions -> OpenShard? in
            if !versions.contains(where: { $0.shard.commit == newest.commit }) {
                versions.append(Version(shard: newest))
            }
            let wanted = commit == 0 ? newest.commit : commit
            return versions.first { $0.shard.commit == wanted }?.shard
        }
        guard let found else {
            throw TrawlError(
                .busy, "the shard was changed since the search began", path: index.path, remedy: "search again")
        }
        return found
    }
}
