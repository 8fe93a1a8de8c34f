/// What a signature is for: a short name in front of every signed message, so that what was signed for
/// one purpose means nothing for another ("domain separation").
public struct SignatureLabel: Hashable, Sendable {
    /// The longest label, in bytes: its length travels in one.
    static let maximumByteCount = 255

    /// The bytes of the name.
    let bytes: [UInt8]

    /// The label `name`. Labels are constants of the program, never input.
    /// - Precondition: `name` has 1 to 255 bytes of UTF-8.
    public init(_ name: StaticString) {
        bytes = name.withUTF8Buffer(Array.init)
        precondition((1...Self.maximumByteCount).contains(bytes.count), "a label has a length")
    }

    /// `message` as it is signed: the scheme's name, the label with its length before it, the signer.
    ///
    /// The length keeps (label, message) pairs apart. The signer's id keeps a signature from counting
    /// under a second key for which it would also verify (Ed25519 alone does not bind its key).
    func framing(_ message: [UInt8], scheme: StaticString, signer: [UInt8]) -> [UInt8] {
        var framed = scheme.withUTF8Buffer(Array.init)
        framed.reserveCapacity(framed.count + 1 + bytes.count + signer.count + message.count)
        framed.append(UInt8(bytes.count))
        framed += bytes
        framed += signer
        framed += message
        return framed
    }
}
