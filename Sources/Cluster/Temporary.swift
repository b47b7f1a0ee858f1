import TrawlEngine

extension StoredDocuments { func position(ofDocument number: UInt32) throws -> UInt64 { UInt64(number) } }
extension SearchIndex { var shard: (number: Int, count: Int)? { get throws { nil } } }
