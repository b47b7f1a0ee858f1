/// Where long work reports how far it has come. The command line draws bars; tests and libraries pass `.silent`.
public protocol ProgressReporter: Sendable {
    /// A named step begins. `total` is in `unit`s and nil when it is not known beforehand.
    func begin(_ step: String, total: Int?, unit: String)
    /// `count` more units of the current step are done.
    func advance(_ count: Int)
    /// The current step is done.
    func end()
    /// Something that the user should know and that stops nothing.
    func warn(_ message: String)
}

/// Reports to nobody.
public struct SilentProgress: ProgressReporter {
    public init() {}
    public func begin(_ step: String, total: Int?, unit: String) {}
    public func advance(_ count: Int) {}
    public func end() {}
    public func warn(_ message: String) {}
}

extension ProgressReporter where Self == SilentProgress {
    public static var silent: SilentProgress { SilentProgress() }
}
