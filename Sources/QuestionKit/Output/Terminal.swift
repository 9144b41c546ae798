import Glibc

/// What may be written to people: whether in colour, and which characters.
public enum Terminal {
    /// Whether an open file is a terminal.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// How many characters a line of a terminal has; 80 where it does not say.
    public static func width(_ descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Whether colour is welcome: a terminal that knows it, and nobody has set `NO_COLOR` (no-color.org).
    public static func allowsColour(_ descriptor: Int32) -> Bool {
        isTerminal(descriptor) && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }

    /// The text with control characters made visible, so that a phrase or a file's name cannot steer the terminal.
    ///
    /// Controls, direction marks and line breaks become `\u{1B}` and the like; what is longer than `limit`
    /// characters ends in an ellipsis.
    public static func printable(_ text: String, limit: Int = 500) -> String {
        var shown = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return shown + "…" }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
                shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// Text in one of the terminal's colours, where `allowed`.
    static func coloured(_ text: String, _ colour: Colour, where allowed: Bool) -> String {
        allowed ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    enum Colour: String {
        case red = "31"
        case green = "32"
        case dim = "2"
        case bold = "1"
    }

    /// The value of an environment variable.
    public static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
