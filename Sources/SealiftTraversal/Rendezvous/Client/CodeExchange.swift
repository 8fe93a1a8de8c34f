import SealiftBase
import SealiftCrypto

/// What a code is for. Ends that mean different things never agree, whatever the words.
public enum CodePurpose: Hashable, Sendable, CaseIterable {
    /// To send files to whoever knows the words.
    case transfer
    /// To become contacts.
    case contact
    /// To become devices of one user.
    case device

    fileprivate var label: String {
        switch self {
        case .transfer: "sealift/1 code"
        case .contact: "sealift/1 pair"
        case .device: "sealift/1 link"
        }
    }
}

/// What both ends of a code agree on besides the words, and the form of their boxes
/// (`docs/PROTOCOL.md` §10.4).
enum CodeExchange {
    static let sessionIDByteCount = 16
    private static let shareCount = PasswordExchange.shareByteCount
    private static let confirmationCount = PasswordAgreement.confirmationByteCount

    /// CI of CPace: the protocol and the purpose, the two roles, the number and the server.
    static func channel(
        _ purpose: CodePurpose, number: UInt32, serverID: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        for text in [purpose.label, "sender", "receiver"] {
            writer.writeLengthPrefixed(Array(text.utf8))
        }
        writer.write(number)
        writer.write(serverID)
        return writer.bytes
    }

    /// The pre-shared key of the transfer's session.
    static func sessionKey(of agreement: PasswordAgreement) -> PreSharedKey {
        guard let key = PreSharedKey(agreement.derivedKey(label: "sealift/1 code psk")) else {
            preconditionFailure("a derived key has 32 bytes")
        }
        return key
    }

    /// What the sender's sealed box is bound to.
    static let purpose = Array("sealift/1 code meeting".utf8)

    static func boxKey(of agreement: PasswordAgreement) -> SecretBytes {
        agreement.derivedKey(label: "sealift/1 code box")
    }

    // MARK: Boxes

    /// Sender's first box: `u8 1 ‖ session id (16) ‖ Ya (32) ‖ zeros`.
    static func invitation(sessionID: [UInt8], share: [UInt8]) -> RendezvousBox {
        RendezvousBox(padding: [1] + sessionID + share)
    }

    static func readInvitation(_ box: RendezvousBox) -> (sessionID: [UInt8], share: [UInt8])? {
        guard box.bytes[0] == 1 else { return nil }
        let end = 1 + sessionIDByteCount
        return (Array(box.bytes[1..<end]), Array(box.bytes[end..<(end + shareCount)]))
    }

    /// Receiver's only box: `u8 2 ‖ Yb (32) ‖ confirmation (64) ‖ zeros`.
    static func acceptance(share: [UInt8], confirmation: [UInt8]) -> RendezvousBox {
        RendezvousBox(padding: [2] + share + confirmation)
    }

    static func readAcceptance(
        _ box: RendezvousBox
    ) -> (share: [UInt8], confirmation: [UInt8])? {
        guard box.bytes[0] == 2 else { return nil }
        let end = 1 + shareCount
        return (Array(box.bytes[1..<end]), Array(box.bytes[end..<(end + confirmationCount)]))
    }

    /// Sender's second box: sealed, `confirmation (64) ‖ meeting`.
    static func meeting(
        _ meeting: [UInt8], agreement: PasswordAgreement, entropy: inout some EntropySource
    ) -> RendezvousBox? {
        SealedBox.seal(
            agreement.confirmation + meeting, key: boxKey(of: agreement), purpose: purpose,
            entropy: &entropy
        ).flatMap { RendezvousBox($0) }
    }

    static func readMeeting(
        _ box: RendezvousBox, agreement: PasswordAgreement
    ) -> (confirmation: [UInt8], meeting: [UInt8])? {
        guard
            let message = SealedBox.open(
                box.bytes, key: boxKey(of: agreement), purpose: purpose),
            message.count >= confirmationCount
        else { return nil }
        return (
            Array(message[..<confirmationCount]), Array(message[confirmationCount...])
        )
    }
}
