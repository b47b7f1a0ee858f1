import Foundation
import Synchronization

/// The settings that the terminal had at the start. A program that Ctrl-C ends while a line is edited leaves them so.
enum TerminalSettings {
    private static let original = Mutex<termios?>(nil)

    static func restoreAtExit() {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
        let found = settings
        original.withLock { $0 = found }
        atexit { TerminalSettings.restore() }
    }

    private static func restore() {
        guard var settings = original.withLock({ $0 }) else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}
