/// Where long work reports how far it has come. The command line draws bars; tests and libraries pass `.silent`.
public protocol ProgressReporter: Sendable {
    /// A named step begins. `total` is in `unit`s and nil when it is not known beforehand.
    func begin(_ step: String, total: Int?, unit: String)
    /// `count` more units of the current step are done.
    func advance(_ count: Int)
    /// The current step is done.
    func end()
    /// News of the current step, such as a score; the next one may take its place on a terminal.
    func note(_ message: String)
    /// Something that the user should know and that stops nothing.
    func warn(_ message: String)
}

/// Reports to nobody.
public struct SilentProgress: ProgressReporter {
    public init() {}
    public func begin(_ step: String, total: Int?, unit: String) {}
    public func advance(_ count: Int) {}
    public func end() {}
    public func note(_ message: String) {}
    public func warn(_ message: String) {}
}

extension ProgressReporter where Self == SilentProgress {
    public static var silent: SilentProgress { SilentProgress() }
}

/// Whether the user wants work to stop early; asked between steps of a length of seconds at most.
public struct Cancellation: Sendable {
    private let check: @Sendable () -> Bool

    public init(_ check: @escaping @Sendable () -> Bool) { self.check = check }

    /// Never.
    public static let never = Cancellation { false }

    /// When the current task is cancelled.
    public static let task = Cancellation { Task.isCancelled }

    public var isCancelled: Bool { check() }
}
