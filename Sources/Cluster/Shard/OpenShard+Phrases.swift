import TrawlCore
import TrawlEngine

extension OpenShard {
    func find(_ question: FindPhrase) throws -> FoundPhrase {
        let finder = try PhraseFinder(index: index)
        var answer = FoundPhrase()
        switch question.kind {
        case .clauses:
            answer.numbers = try finder.clauseCounts(PhraseQuery(question.text), question.options)
        case .matches(let clauseCounts):
            let query = try PhraseQuery(question.text)
            guard clauseCounts.count == query.clauses.count else {
                throw TrawlError(
                    .invalidInput, "the query has \(query.clauses.count) clauses, not \(clauseCounts.count)")
            }
            var options = question.options
            // Counts of next tokens add up over shards, so that none may be left out.
            if options.continuations > 0 { options.continuations = .max }
            let found = try finder.find(query, named: question.text, options, clauseCounts: clauseCounts)
            answer.count = found.result.count
            answer.passageCount = found.result.passageCount
            answer.documentCount = found.result.documentCount
            answer.isEstimate = found.result.isEstimate
            answer.next = found.result.next
            answer.passages = try zip(found.result.passages, found.passages).map { passage, id in
                let document = try index.documents.documentNumber(of: id)
                return FoundPhrase.Passage(
                    position: try index.documents.position(ofDocument: document), number: id.rawValue, passage: passage)
            }
        case .suffixes:
            answer.numbers =
                question.continuation.map { finder.suffixLengths(of: $0, after: question.text) }
                ?? [finder.suffixLength(of: question.text)]
        case .next(let lengths):
            if let continuation = question.continuation {
                answer.steps =
                    finder.probabilities(of: continuation, after: question.text, suffixLengths: lengths)
                    .tokens
            } else {
                let found = finder.predict(after: question.text, length: lengths.first ?? 0, limit: .max)
                answer.context = found.context
                answer.count = found.count
                answer.next = found.next
            }
        }
        return answer
    }
}
