// `environ` is a variable of C; nothing in this program changes it.
@preconcurrency import Foundation

/// How long other programs take.
public enum ProgramTime {
    /// The seconds from a program's start to its end, as a shell sees it; its standard output is dropped.
    /// - Throws: `ProgramFailure` where it does not end with status 0.
    public static func wholeSeconds(of program: String, _ arguments: [String]) throws -> Double {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        var status: Int32 = 0
        let began = ContinuousClock.now
        let code = posix_spawn(&process, program, &actions, nil, &words, environ)
        guard code == 0 else { throw ProgramFailure(program: program, status: code) }
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let seconds = began.duration(to: .now) / .seconds(1)
        guard status == 0 else { throw ProgramFailure(program: program, status: status) }
        return seconds
    }
}
