/// A language that text can be analysed in.
public struct TextLanguage: Hashable, Sendable {
    /// The ISO 639 code, such as `de`.
    public let code: String
    /// The English name in small letters, such as `german`.
    public let name: String
    /// The algorithm of libstemmer; nil for languages that it lacks.
    public let stemmer: String?

    private init(_ code: String, _ name: String, stemmer: String?) {
        self.code = code
        self.name = name
        self.stemmer = stemmer
    }

    /// Texts that are in no known language or in several: words are neither stemmed nor left out.
    public static let none = TextLanguage("none", "none", stemmer: nil)

    public static let english = TextLanguage("en", "english", stemmer: "porter")

    /// All of libstemmer's languages.
    public static let stemmed: [TextLanguage] =
        [english]
        + [
            ("ar", "arabic"), ("hy", "armenian"), ("eu", "basque"), ("ca", "catalan"), ("da", "danish"),
            ("nl", "dutch"), ("fi", "finnish"), ("fr", "french"), ("de", "german"), ("el", "greek"), ("hi", "hindi"),
            ("hu", "hungarian"), ("id", "indonesian"), ("ga", "irish"), ("it", "italian"), ("lt", "lithuanian"),
            ("ne", "nepali"), ("no", "norwegian"), ("pt", "portuguese"), ("ro", "romanian"), ("ru", "russian"),
            ("sr", "serbian"), ("es", "spanish"), ("sv", "swedish"), ("ta", "tamil"), ("tr", "turkish"),
            ("yi", "yiddish"),
        ].map { TextLanguage($0, $1, stemmer: $1) }

    /// Languages that are recognised, but not stemmed.
    public static let unstemmed: [TextLanguage] = [
        ("bg", "bulgarian"), ("zh", "chinese"), ("cs", "czech"), ("et", "estonian"), ("he", "hebrew"),
        ("ja", "japanese"), ("ko", "korean"), ("lv", "latvian"), ("fa", "persian"), ("pl", "polish"), ("sk", "slovak"),
        ("sl", "slovene"), ("th", "thai"), ("uk", "ukrainian"), ("vi", "vietnamese"),
    ].map { TextLanguage($0, $1, stemmer: nil) }

    public static let all = stemmed + unstemmed

    /// The language of a name or an ISO 639 code in any case, such as `German` or `de`; nil for another.
    public init?(_ text: String) {
        let text = text.lowercased()
        guard let known = (Self.all + [.none]).first(where: { $0.code == text || $0.name == text }) else { return nil }
        self = known
    }

    /// The names of the languages with a stemmer, for messages.
    public static var nameList: String { stemmed.map(\.name).sorted().joined(separator: ", ") }
}
