/// What went wrong, for a person and for a script: a stable code, a message, and what to do next.
///
/// The texts are shown as they are. Whoever makes one puts every name, path or reason that came from
/// outside through `PrintableText` first; the renderers do not escape a second time.
public struct SealiftError: Error, Equatable, Sendable {
    /// The stable name of the error.
    public var code: ErrorCode
    /// What happened, as a clause without a full stop: "the ticket was mistyped or cut".
    public var message: String
    /// What to do next, as a sentence.
    public var advice: String
    /// What lay beneath, such as the system's own words, or nil.
    public var cause: String?
    /// Where the two ends did not find each other: what is known about why.
    public var diagnosis: ConnectDiagnosis?

    /// Makes an error; see the properties for the form of the texts.
    public init(_ code: ErrorCode, _ message: String, advice: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
        self.cause = cause
    }

    /// The exit status of a run that ends with this error.
    public var exitStatus: ExitStatus { code.exitStatus }
}
