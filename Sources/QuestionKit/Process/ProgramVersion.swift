/// The version of the commands, as a manifest remembers it.
public enum ProgramVersion {
    public static let current = "1.0.0"
}
