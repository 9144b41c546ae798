import Glibc
import Synchronization

/// Lets a long command end between two steps: the first SIGINT or SIGTERM asks for it, the second ends it at once.
///
/// A signal that was ignored when the command began, as under `nohup`, stays ignored.
public enum InterruptMonitor {
    /// Whether the command has been asked to stop.
    public static var isInterrupted: Bool { signals.load(ordering: .relaxed) > 0 }

    /// Begins to listen.
    /// - Parameter resumes: Whether the same command goes on where it stopped, as people are told.
    public static func start(resumes: Bool = true) {
        // All are made before a signal can come: a handler must not run their initialisers.
        _ = signals.load(ordering: .relaxed)
        _ = (notice, plainNotice, ended, plainEnded)
        self.resumes.store(resumes, ordering: .relaxed)
        for signal in [SIGINT, SIGTERM] {
            var old = sigaction()
            sigaction(signal, nil, &old)
            let ignoring = unsafeBitCast(SIG_IGN, to: Int.self)
            guard unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) != ignoring else {
                continue
            }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in InterruptMonitor.handle() }
            // A read or write that the signal comes in is taken up again.
            action.sa_flags = SA_RESTART
            sigaction(signal, &action, nil)
            // A program that starts commands from a thread which takes no signals hands that on to them.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, signal)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        }
    }

    private static let signals = Atomic<Int>(0)
    private static let resumes = Atomic<Bool>(true)
    private static let (notice, plainNotice): (StaticString, StaticString) = (
        "\nstopping after the step at hand; the same command goes on from there (once more: stop at once)\n",
        "\nstopping after the step at hand (once more: stop at once)\n"
    )
    private static let (ended, plainEnded): (StaticString, StaticString) = (
        "\nstopped; the same command goes on from the last finished step\n", "\nstopped\n"
    )

    /// Only what may be done in a signal handler: atomic arithmetic, `write`, `_exit`.
    private static func handle() {
        let code = errno
        let isFirst = signals.add(1, ordering: .relaxed).oldValue == 0
        let text =
            resumes.load(ordering: .relaxed)
            ? isFirst ? notice : ended : isFirst ? plainNotice : plainEnded
        _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
        if !isFirst { _exit(ExitStatus.interrupted.rawValue) }
        errno = code
    }
}

/// A command that ends because it was asked to; says how to go on.
public struct Interruption: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
