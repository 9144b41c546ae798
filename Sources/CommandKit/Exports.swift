// A command that loads models is a command all the same.
@_exported import QuestionKit
