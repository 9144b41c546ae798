import Synchronization

/// Tells on standard error how far a long command is.
///
/// On a terminal a bar that moves in place; otherwise a plain line every few seconds; or JSON, a line each.
public final class ProgressReporter: Sendable {
    public enum Style: Sendable, CaseIterable {
        case bar, lines, json, silent
    }

    private struct State {
        var last: ContinuousClock.Instant?
        var stage = ""
        var lineIsOpen = false
    }

    private let style: Style
    private let write: @Sendable (String) -> Void
    private let width: @Sendable () -> Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - write: Takes what is to be shown, line breaks included; standard error unless told otherwise.
    ///   - width: How many characters a line has, asked anew for every bar.
    public init(
        style: Style, write: @escaping @Sendable (String) -> Void = { try? StandardStream.error.write($0) },
        width: @escaping @Sendable () -> Int = { Terminal.width(StandardStream.error.rawValue) }
    ) {
        self.style = style
        self.write = write
        self.width = width
    }

    /// The style that the options and standard error ask for.
    public convenience init(quiet: Bool, json: Bool) {
        let isTerminal = Terminal.isTerminal(StandardStream.error.rawValue)
        self.init(style: quiet ? .silent : json ? .json : isTerminal ? .bar : .lines)
    }

    /// Shows a state if it is time to; the first and the last of a stage are always shown.
    ///
    /// - Parameters:
    ///   - unit: What is counted, for example "pairs".
    ///   - rate: How many a second.
    public func report(stage: String, unit: String, done: Int, total: Int, rate: Double) {
        guard style != .silent else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            let isFirst = state.stage != stage
            if !isFirst, done < total, let last = state.last, now - last < interval { return }
            if isFirst { endLine(&state) }
            state.last = now
            state.stage = stage
            let seconds = rate > 0 ? Double(max(0, total - done)) / rate : nil
            switch style {
            case .bar:
                let text = Self.bar(
                    stage: stage, unit: unit, done: done, total: total, rate: rate, left: seconds,
                    width: width())
                write("\r\u{1B}[K" + text)
                state.lineIsOpen = true
                if done >= total { endLine(&state) }
            case .lines:
                write(
                    Self.line(stage: stage, unit: unit, done: done, total: total, rate: rate, left: seconds)
                        + "\n")
            case .json:
                write(Self.json(stage: stage, done: done, total: total, rate: rate, left: seconds) + "\n")
            case .silent: break
            }
        }
    }

    /// Ends the bar's line, if one is open, so that something else can be written.
    public func finish() { state.withLock { endLine(&$0) } }

    private func endLine(_ state: inout State) {
        if state.lineIsOpen { write("\n") }
        state.lineIsOpen = false
    }

    private var interval: Duration {
        switch style {
        case .bar: .milliseconds(100)
        case .json: .seconds(1)
        case .lines, .silent: .seconds(5)
        }
    }

    // MARK: Texts

    /// The bar with all that has room: what goes first are the numbers of things, then the bar, then the rate.
    static func bar(
        stage: String, unit: String, done: Int, total: Int, rate: Double, left: Double?, width: Int
    ) -> String {
        let length = 24
        let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
        let filled = Int(share * Double(length))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: length - filled)
        let all = detail(done: done, total: total, unit: unit, rate: rate, left: left)
        let less = detail(done: done, total: total, unit: nil, rate: rate, left: left)
        let least = detail(done: done, total: total, unit: nil, rate: 0, left: left)
        let texts = [
            "\(stage) \(bar) \(all)", "\(stage) \(bar) \(less)", "\(stage) \(less)", "\(stage) \(least)",
        ]
        // A line that fills the width to its end is broken by some terminals.
        return texts.first { $0.count < width } ?? String(texts[3].prefix(max(0, width - 1)))
    }

    static func line(stage: String, unit: String, done: Int, total: Int, rate: Double, left: Double?)
        -> String
    {
        "\(stage): \(detail(done: done, total: total, unit: unit, rate: rate, left: left))"
    }

    static func json(stage: String, done: Int, total: Int, rate: Double, left: Double?) -> String {
        let left = left.map { FixedDecimal.text($0, places: 1) } ?? "null"
        let rate = FixedDecimal.text(rate, places: 2)
        return
            "{\"stage\":\"\(stage)\",\"done\":\(done),\"total\":\(total),\"rate\":\(rate),\"secondsLeft\":\(left)}"
    }

    /// - Parameter unit: nil to leave out how many of how many.
    private static func detail(done: Int, total: Int, unit: String?, rate: Double, left: Double?) -> String {
        let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
        var text = "\(percent) %"
        if let unit { text += ", \(grouped(done)) of \(grouped(total)) \(unit)" }
        if rate > 0 { text += ", \(rate < 10 ? FixedDecimal.text(rate, places: 1) : grouped(Int(rate)))/s" }
        if let left, done < total { text += ", \(duration(left)) left" }
        return text
    }

    /// A time as people say it: "40 s", "12 min", "3 h 20 min", "52 days".
    public static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "years" }
        let whole = Int(seconds.rounded(.up))
        switch whole {
        case ..<100: return "\(max(0, whole)) s"
        case ..<6000: return "\((whole + 30) / 60) min"
        case ..<172_800: return "\(whole / 3600) h \(whole % 3600 / 60) min"
        default: return "\((whole + 43_200) / 86_400) days"
        }
    }

    /// A number with its thousands apart: "1,234,567".
    public static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)[...]
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = digits.dropLast(3)
        }
        groups.insert(digits, at: 0)
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }
}
