/// The report of a fit as JSON, with whether the index keeps what was fitted.
struct FitReport<Report: Encodable>: Encodable {
    let report: Report
    let isKept: Bool

    enum CodingKeys: String, CodingKey { case isKept = "is_kept" }

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(isKept, forKey: .isKept)
    }
}
