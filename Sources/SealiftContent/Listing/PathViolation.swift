/// The rule of PROTOCOL §8.2 that a path breaks.
public enum PathViolation: Error, Hashable, Sendable, CaseIterable {
    /// It has no byte.
    case empty
    /// It has more than 4,096 bytes.
    case tooLong
    /// It begins with `/`.
    case absolute
    /// Two separators touch, or one ends the path.
    case emptyComponent
    /// A component has more than 255 bytes.
    case componentTooLong
    /// A component is `.`.
    case currentDirectory
    /// A component is `..`.
    case parentDirectory
    /// A component is, or could be taken by a file system for, `.sealift`: the private folder.
    case reservedName
    /// A single component, given as such, has a `/` in it.
    case separatorInComponent
    /// It has a control character, a line separator or a paragraph separator.
    case controlCharacter
    /// Its bytes are no UTF-8.
    case notUTF8
    /// It has more than 256 components.
    case tooDeep
}

extension PathViolation: CustomStringConvertible {
    /// What is wrong, in words for a user.
    public var description: String {
        switch self {
        case .empty: "the name is empty"
        case .tooLong: "the path is longer than 4,096 bytes"
        case .absolute: "the path is absolute"
        case .emptyComponent: "the path has an empty component"
        case .componentTooLong: "a name in the path is longer than 255 bytes"
        case .currentDirectory: "the path has a component \".\""
        case .parentDirectory: "the path has a component \"..\""
        case .reservedName: "the name .sealift is reserved"
        case .separatorInComponent: "the name contains a slash"
        case .controlCharacter: "the name contains a control character"
        case .notUTF8: "the name is not UTF-8"
        case .tooDeep: "the path has more than 256 components"
        }
    }
}
