import Foundation

/// libedit: editing of lines on a terminal, and their history. It is loaded when a prompt needs it and never linked, so that
/// no other command pays for it, and a machine without it (Debian's libedit2) reads plain lines.
struct EditLine {
    private let prepareTerminal: @convention(c) (Int32) -> Void
    private let readLine: @convention(c) (UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>?
    private let addHistory: @convention(c) (UnsafePointer<CChar>?) -> Int32
    private let writeHistory: @convention(c) (UnsafePointer<CChar>?) -> Int32

    /// The most lines that are remembered.
    private static let historyLength: Int32 = 1000

    /// - Parameters:
    ///   - output: what prompts and lines are shown on.
    ///   - history: a file with lines of earlier sessions; it need not exist.
    /// - Returns: nil where the library is missing.
    init?(output: UnsafeMutablePointer<FILE>, history: String) {
        guard let library = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL) else { return nil }
        func function<Function>(_ symbol: String, as type: Function.Type) -> Function? {
            // dlsym gives an address; editline/readline.h says of which type.
            dlsym(library, symbol).map { unsafeBitCast($0, to: type) }
        }
        guard
            let prepareTerminal = function("rl_prep_terminal", as: (@convention(c) (Int32) -> Void).self),
            let addCommand = function(
                "rl_add_defun",
                as: (@convention(c) (UnsafePointer<CChar>?, @convention(c) (Int32, Int32) -> Int32, Int32) -> Int32)
                    .self),
            let readLine = function(
                "readline", as: (@convention(c) (UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>?).self),
            let addHistory = function("add_history", as: (@convention(c) (UnsafePointer<CChar>?) -> Int32).self),
            let readHistory = function("read_history", as: (@convention(c) (UnsafePointer<CChar>?) -> Int32).self),
            let writeHistory = function("write_history", as: (@convention(c) (UnsafePointer<CChar>?) -> Int32).self),
            let useHistory = function("using_history", as: (@convention(c) () -> Void).self),
            let stifleHistory = function("stifle_history", as: (@convention(c) (Int32) -> Void).self),
            let outputStream = dlsym(library, "rl_outstream"),
            let catchesSignals = dlsym(library, "rl_catch_signals")
        else { return nil }
        self.prepareTerminal = prepareTerminal
        self.readLine = readLine
        self.addHistory = addHistory
        self.writeHistory = writeHistory
        outputStream.assumingMemoryBound(to: UnsafeMutablePointer<FILE>?.self).pointee = output
        // Ctrl-C is ours; see `Interruption`.
        catchesSignals.assumingMemoryBound(to: CInt.self).pointee = 0
        useHistory()
        stifleHistory(Self.historyLength)
        _ = readHistory(history)
        // A Ctrl-D that is typed while no line is read comes as this character, by which libedit would quote the next key.
        _ = addCommand("ignore", { _, _ in 0 }, 0)
    }

    /// The next line; nil at the end of input.
    func line(prompt: String) -> String? {
        // libedit would do so after the prompt is shown, and miss a Ctrl-D that comes in between.
        prepareTerminal(1)
        guard let line = readLine(prompt) else { return nil }
        defer { free(line) }
        return String(cString: line)
    }

    func remember(_ line: String) { _ = addHistory(line) }

    /// - Returns: whether the history could be written.
    func save(history: String) -> Bool { writeHistory(history) == 0 }
}
