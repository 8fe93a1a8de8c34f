internal import ArgumentParser
internal import Sealift
internal import SealiftContent

/// What to do where a name is taken, as it stands on the command line.
enum ConflictArgument: String, ExpressibleByArgument, CaseIterable {
    case fail
    case skip
    case rename
    case overwrite

    /// The same in the engine's terms.
    var policy: ReceiveOptions.ConflictPolicy {
        switch self {
        case .fail: .fail
        case .skip: .skip
        case .rename: .rename
        case .overwrite: .overwrite
        }
    }
}

/// A pattern as it stands on the command line.
struct PatternArgument: Equatable {
    let pattern: GlobPattern

    /// - Throws: what is wrong with the pattern.
    init(argument: String) throws {
        do throws(GlobPattern.Violation) {
            pattern = try GlobPattern(ArgumentBytes.bytes(of: argument))
        } catch {
            throw ValidationError(Self.words(error))
        }
    }

    private static func words(_ violation: GlobPattern.Violation) -> String {
        switch violation {
        case .empty: "a pattern names something: it is not empty"
        case .tooLong: "a pattern has at most \(GlobPattern.maximumByteCount) bytes"
        case .negated: "a pattern does not begin with !; use --exclude for what to leave out"
        case .brokenClass: "a [ in a pattern begins a class such as [a-z]; write \\[ for itself"
        case .brokenEscape: "a pattern does not end with a single \\"
        case .notUTF8: "a pattern is UTF-8 text"
        }
    }
}
