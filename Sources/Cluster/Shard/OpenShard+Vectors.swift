import TrawlCore
import TrawlEngine
import TrawlVectorIndex

extension OpenShard {
    func search(_ question: SearchVectors) throws -> [[ShardHit]] {
        try require(question.vectors.count, limit: question.scope.limit)
        var options = VectorSearchOptions()
        options.isExact = question.isExact
        options.width = question.width
        options.filter = try filter(question.scope.conditions)
        return try index.open(VectorsPart()).search(question.vectors, k: question.scope.limit, options).map(hits)
    }

    func vectors(_ question: PassageVectors) throws -> [[Float]] {
        let searcher = try index.open(VectorsPart())
        var budget = AnswerBudget()
        try budget.take(question.passages.count, each: 4 * searcher.dimension)
        return try question.passages.map { try searcher.vector(of: passage($0)) }
    }
}
