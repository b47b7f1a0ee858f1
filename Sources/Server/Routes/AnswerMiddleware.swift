import HTTPTypes
import Hummingbird
import Logging

/// Makes an answer of every error, counts and logs requests.
struct AnswerMiddleware: RouterMiddleware {
    let metrics: ServerMetrics
    let routes: RouteTable

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do { response = try await next(request, context) } catch is CancellationError {
            // The client has gone; nobody reads an answer.
            context.channel.close(promise: nil)
            return Response(status: .serviceUnavailable)
        } catch {
            response = answer(to: error, request, context)
        }
        if request.method == .head { response = response.createHeadResponse() }
        response.headers[.cacheControl] = response.headers[.cacheControl] ?? "no-store"
        response.headers[.xContentTypeOptions] = "nosniff"
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        metrics.answered(
            route: context.endpointPath ?? "unknown", method: request.method.rawValue, status: response.status.code,
            seconds: seconds)
        context.logger.info(
            "\(request.method) \(request.uri.path) \(response.status.code)", metadata: ["seconds": "\(seconds)"])
        return response
    }

    private func answer(to error: any Error, _ request: Request, _ context: ServerContext) -> Response {
        let fault: RequestFault
        if let error = error as? HTTPError, error.status == .notFound {
            fault = routes.fault(request.method, request.uri.path)
        } else {
            fault = RequestFault(error)
        }
        if fault.status.kind == .serverError, !(error is RequestFault) { context.logger.error("\(error)") }
        var response =
            (try? Response.json(fault.body, status: fault.status)) ?? Response(status: .internalServerError)
        for field in fault.headers { response.headers.append(field) }
        return response
    }
}
