import Glibc
import ProgramFolder

/// Where databases are when nobody says: `store/` of the project, or the user's data folder once installed.
public enum StoreLocation {
    /// The name of the default models' database.
    public static let defaultName = "animal-faces"

    /// The folder that holds databases.
    ///
    /// A program within a checkout (a folder with `Package.swift` and `store` above it) uses the checkout's; an
    /// installed one `$XDG_DATA_HOME/text-to-direction`, by default `~/.local/share/text-to-direction`.
    public static var folder: String {
        var parts = ProgramFolder.path.split(separator: "/")
        while !parts.isEmpty {
            let folder = "/" + parts.joined(separator: "/")
            if ["Package.swift", "store"].allSatisfy({
                access("\(folder)/\($0)", F_OK) == 0
            }) {
                return folder + "/store"
            }
            parts.removeLast()
        }
        return dataHome(
            variable: Terminal.variable("XDG_DATA_HOME"), home: Terminal.variable("HOME") ?? FilePath.home
        )
            + "/text-to-direction"
    }

    /// The specification has a relative `XDG_DATA_HOME` ignored.
    static func dataHome(variable: String?, home: String) -> String {
        if let variable, variable.hasPrefix("/") { return variable }
        return home + "/.local/share"
    }

    /// The folder of the database that goes with a generator, by the name of its file; nil is the embedded one.
    public static func database(generator path: String?) -> String {
        let name = path.map(FilePath.stem) ?? ""
        return folder + "/" + (name.isEmpty ? defaultName : name)
    }
}
