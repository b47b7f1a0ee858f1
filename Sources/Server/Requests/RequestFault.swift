import HTTPTypes
import TrawlCore

/// Why a request is not answered, as its sender is told.
struct RequestFault: Error {
    var status: HTTPResponse.Status
    /// A word for programs.
    var type: String
    var message: String
    /// The place in the body, as a JSON path.
    var parameter: String?
    var remedy: String?
    var headers: HTTPFields = [:]

    init(
        _ status: HTTPResponse.Status, _ type: String, _ message: String, parameter: String? = nil,
        remedy: String? = nil
    ) {
        self.status = status
        self.type = type
        self.message = message
        self.parameter = parameter
        self.remedy = remedy
    }

    /// A field that is missing, unknown, of the wrong type or out of its bounds.
    static func invalid(_ message: String, at parameter: String? = nil, remedy: String? = nil) -> RequestFault {
        RequestFault(.unprocessableContent, "invalid_request", message, parameter: parameter, remedy: remedy)
    }

    static func notFound(_ message: String, remedy: String? = nil) -> RequestFault {
        RequestFault(.notFound, "not_found", message, remedy: remedy)
    }

    /// - Parameter parameter: the place in the body that the error is about.
    init(_ error: TrawlError, at parameter: String?) {
        let (status, type): (HTTPResponse.Status, String) =
            switch error.code {
            case .notFound: (.notFound, "not_found")
            case .invalidInput, .incompatible, .unsupported: (.unprocessableContent, "invalid_request")
            case .busy: (.conflict, "busy")
            case .unavailable: (.serviceUnavailable, "unavailable")
            case .full: (HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "full")
            default: (.internalServerError, "internal")
            }
        self.init(status, type, error.message, parameter: parameter, remedy: error.remedy)
        if error.code == .unavailable { headers[.retryAfter] = "1" }
    }

    /// What any error means to the sender of a request. Errors that are not ours are not shown.
    init(_ error: any Error) {
        switch error {
        case let fault as RequestFault: self = fault
        case let error as TrawlError: self.init(error, at: nil)
        default: self.init(.internalServerError, "internal", "the server failed")
        }
    }

    /// The body of the answer.
    var body: ErrorBody {
        ErrorBody(
            error: ErrorBody.Details(
                message: message, type: type, param: parameter, code: status.code, remedy: remedy))
    }

    struct ErrorBody: Encodable {
        struct Details: Encodable {
            let message: String
            let type: String
            let param: String?
            let code: Int
            let remedy: String?
        }

        let error: Details
    }
}
