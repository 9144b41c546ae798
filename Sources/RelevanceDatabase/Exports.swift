// Whoever builds a database reads it too.
@_exported import DatabaseReading
