import Foundation
import TrawlEngine

/// Reads lines at a prompt until the end of input. The prompt is shown on the terminal and never on standard output, which
/// has data only.
final class Prompt {
    private let text: String
    private let editor: EditLine?
    private let history = TrawlHome.path + "/history"
    private var last: String?
    private var canSave = true

    init(_ text: String) {
        self.text = text
        guard let screen = Self.screen else {
            editor = nil
            return
        }
        // The letters that people type are UTF-8, whatever the locale of a bare container.
        if setlocale(LC_CTYPE, "") == nil || String(cString: nl_langinfo(Int32(CODESET))) != "UTF-8" {
            setlocale(LC_CTYPE, "C.UTF-8")
        }
        TerminalSettings.restoreAtExit()
        try? FileManager.default.createDirectory(atPath: TrawlHome.path, withIntermediateDirectories: true)
        editor = EditLine(output: screen, history: history)
    }

    /// The next line; nil at the end of input.
    func line() -> String? {
        guard let editor else {
            Diagnostics.write(text)
            return readLine()
        }
        guard let line = editor.line(prompt: text) else { return nil }
        if line != last, line.contains(where: { !$0.isWhitespace }) {
            editor.remember(line)
            last = line
            // At once: Ctrl-C ends the program.
            canSave = editor.save(history: history)
        }
        return line
    }

    /// Ends the prompt. Its lines are kept for the next one.
    func close() {
        if !canSave { Diagnostics.warning("the history cannot be saved in \(history)") }
    }

    /// Standard error where it is a terminal, otherwise the terminal itself.
    private static var screen: UnsafeMutablePointer<FILE>? {
        isatty(STDERR_FILENO) == 1 ? fdopen(dup(STDERR_FILENO), "w") : fopen("/dev/tty", "w")
    }
}
