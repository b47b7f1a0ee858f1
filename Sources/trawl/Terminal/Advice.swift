import TrawlCore

/// The flags and commands that help with an error: library code knows none.
enum Advice {
    /// `error` with this program's flag or command added to its remedy.
    static func added(to error: TrawlError) -> TrawlError {
        guard let advice = error.topic.map(text) else { return error }
        var error = error
        error.remedy = error.remedy.map { $0 + ": " + advice } ?? advice
        return error
    }

    private static func text(_ topic: TrawlError.Topic) -> String {
        switch topic {
        case .index: "'trawl index' builds one, 'trawl ls' lists them"
        case .build: "'trawl index --build'"
        case .passages: "--passage-size and --passage-overlap"
        case .fusionWeights: "--weights lexical=1,dense=1"
        case .fittedFusion: "'trawl train fusion' fits one, --fusion adaptive does without"
        case .queryAdapter: "'trawl train query-adapter' fits one, --no-adapter does without"
        case .senses: "'trawl train senses' does that, with --minimum-count for rarer words"
        case .senseList: "'trawl senses INDEX WORD'"
        case .generator: "'trawl train generator' trains one, --generator names it"
        case .keyWeights:
            "'trawl train weights'; for minilm-generator, 'trawl models pull generator --force' restores them"
        case .pseudoQueries: "'trawl index --pseudo-queries'"
        case .metadata: "'trawl show INDEX ID --json' shows those of a document"
        case .missingDocuments: "--ignore-missing ignores unknown ids"
        case .documents: "'trawl ls INDEX' lists them"
        case .dataSets: "--data"
        case .topicFields: "--topic-fields title,description"
        case .models: "'trawl models pull NAME' does that, without NAME it lists them"
        case .replacement: "--force replaces it"
        case .damage:
            "'trawl check INDEX --repair NEW' saves it as a new index, 'trawl rm INDEX --all' removes the damaged one"
        case .systems: "--names a,b"
        case .shards: "'trawl index --shard I/N' builds one"
        case .manifest: "'trawl shards manifest'"
        case .embeddingRanges: "'trawl embed --write-ranges' writes them, --ranges reads them"
        }
    }
}
