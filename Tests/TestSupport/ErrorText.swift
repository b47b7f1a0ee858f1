/// The description of the error that `body` throws, or "nothing was thrown".
public func errorText(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return "nothing was thrown"
    } catch {
        return "\(error)"
    }
}
