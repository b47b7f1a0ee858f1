public import TrawlCore
public import TrawlTensors

/// A model that writes text behind a prompt: a decoder, or an encoder-decoder whose encoder reads the prompt.
///
/// It holds no state between calls and may be used from several threads at once; sessions hold it.
///
/// ```
/// let model = try ModelFolder(path: path).loadGenerator()
/// let step = try model.makeSession().prefill([prompt])   // the logits of the first token that is written
/// ```
public protocol GenerativeModel: Sendable {
    var vocabularySize: Int { get }

    /// What a session itself puts before all that is written; none in a decoder, which goes on behind its prompt.
    var startTokens: [TokenID] { get }

    /// What ends a text, and stands between the passages of an index; nil where the model's files do not say.
    var endToken: TokenID? { get }

    /// The token that free generation begins with, whatever its logits (`forced_bos_token_id`, such as the language that
    /// a translator writes); nil for none. Sessions and scores know nothing of it.
    var forcedFirstToken: TokenID? { get }

    /// A session with an empty cache. Sessions are independent; one is used by one thread at a time.
    func makeSession(pool: ThreadPool) -> any DecodingSession
}

extension GenerativeModel {
    /// A session on all processors.
    public func makeSession() -> any DecodingSession { makeSession(pool: .shared) }
}
