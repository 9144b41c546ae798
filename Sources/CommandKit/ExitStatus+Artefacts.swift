import RelevanceDatabase

extension PublishedRelevanceError: ExitingError {
    public var exitStatus: ExitStatus { .badData }
}
