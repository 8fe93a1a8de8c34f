/// How a run ended, as the number that scripts see. The same everywhere; part of the interface.
public enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Everything that was asked for is done.
    case success = 0
    /// The other end could not be reached, or nobody came.
    case cannotConnect = 3
    /// The ticket cannot be used: mistyped, refused, used by another receiver, or expired.
    case ticket = 4
    /// What arrived is not what was sent, or the other end broke the protocol.
    case integrity = 5
    /// A disk, a file or a permission stood in the way.
    case storage = 6
    /// Something is already there, or a question was answered with no.
    case conflict = 7
    /// Everything was delivered except the files that were named.
    case partial = 8
    /// The command line is wrong.
    case usage = 64
    /// Stopped before the end; running the same command again continues.
    case interrupted = 75
}
