import Glibc
import SealiftBase

/// A system call that the kernel refused: what was tried, on what, and the kernel's reason.
public struct SystemError: Error, Equatable, Sendable {
    /// The kernel's reason, an `errno` value such as `ENOSPC`; always positive.
    public let code: Int32
    /// What was tried, as the call's name or a few words: "openat2", "create exclusively".
    public let operation: String
    /// The name it was tried on, in a form that a terminal may show; nil where there is none.
    public let path: String?

    /// Makes the error of `operation` that failed with `code`.
    public init(code: Int32, operation: String, path: String? = nil) {
        self.code = code
        self.operation = operation
        self.path = path
    }

    /// Makes the error of `operation` on the name `path`, which may hold any bytes.
    public init(code: Int32, operation: String, path: some Collection<UInt8>) {
        self.init(code: code, operation: operation, path: PrintableText.escape(path))
    }

    /// The kernel's reason in words: "No space left on device".
    public var reason: String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// Whether the volume, or this user's share of it, is full.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

    /// Whether this user may not do it, or the volume is read-only.
    public var isDenied: Bool { code == EACCES || code == EPERM || code == EROFS }

    /// Whether the kernel, or a check before it, found the argument itself impossible.
    public var isInvalidArgument: Bool { code == EINVAL }

    /// Whether the name does not exist.
    public var isMissing: Bool { code == ENOENT }

    /// Whether the name exists already.
    public var isAlreadyThere: Bool { code == EEXIST }

    /// Whether the two names lie on different file systems.
    public var isOtherVolume: Bool { code == EXDEV }

    /// Whether a symbolic link, or something that is no directory, stands where a directory must:
    /// what an anchored open reports when somebody put a link in its way.
    public var isObstructedPath: Bool { code == ELOOP || code == ENOTDIR || code == EXDEV }
}

extension SystemError: CustomStringConvertible {
    /// What was tried, on what, and why it failed, in one line.
    public var description: String {
        guard let path else { return "\(operation): \(reason)" }
        return "\(operation) \(path): \(reason)"
    }
}

/// Turns a C wrapper's result into its value, or throws the error it stands for.
@discardableResult
func checked<Result: SignedInteger>(
    _ result: Result, _ operation: StaticString, _ path: [UInt8]? = nil
) throws(SystemError) -> Result {
    if result >= 0 { return result }
    let code = Int32(truncatingIfNeeded: -result)
    guard let path else { throw SystemError(code: code, operation: "\(operation)") }
    throw SystemError(code: code, operation: "\(operation)", path: path)
}

/// Repeats `call` as long as a signal interrupts it.
@inline(__always)
func retryingInterrupts<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -Result(truncatingIfNeeded: EINTR) { return result }
    }
}
