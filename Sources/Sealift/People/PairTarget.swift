import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTransfer
import SealiftTraversal

/// Whom to dial in order to become contacts.
struct PairTarget {
    /// The key of the one session.
    let secret: PreSharedKey
    /// The device that waits.
    let device: DeviceFingerprint
    /// Where it listens.
    let addresses: [PeerAddress]
    /// Who an invitation says it is; nil after a code.
    let identity: IdentityID?
}

extension PairOptions {
    /// Whom this end dials; nil where it waits. A code is claimed by this, which blocks.
    func target(
        for purpose: Invitation.Purpose, _ cancellation: Cancellation
    ) throws(SealiftError) -> PairTarget? {
        switch way {
        case .showCode:
            guard !contactedServers.isEmpty else {
                throw SealiftError(
                    .usage, "a code needs a rendezvous server, and none may be used",
                    advice: "Set SEALIFT_RENDEZVOUS at both ends, or use `sealift "
                        + "\(purpose == .contact ? "contact export" : "device add --export")`.")
            }
            return nil
        case .exportInvitation:
            return nil
        case .typeCode(let text):
            let ticket = try CodeResolution.resolve(
                text, for: purpose.code, servers: rendezvous, network: network, cancellation)
            return PairTarget(
                secret: ticket.secret, device: ticket.fingerprint, addresses: ticket.addresses,
                identity: nil)
        case .importInvitation(let text):
            let invitation: Invitation
            do throws(InvitationError) {
                invitation = try Invitation(text: text, for: purpose)
            } catch {
                throw SealiftError(invitation: error, for: purpose)
            }
            return PairTarget(
                secret: invitation.secret, device: invitation.device,
                addresses: invitation.addresses, identity: invitation.identity)
        }
    }
}

extension Meeting {
    /// The meeting that an invitation names.
    init(_ invitation: Invitation) {
        self.init(
            fingerprint: invitation.device, expires: invitation.expires,
            candidates: CandidateList(
                invitation.addresses.compactMap { address in
                    TransportAddress(bytes: address.bytes, port: address.port).map {
                        Candidate(.host, $0)
                    }
                }))
    }
}

extension SealiftError {
    init(invitation error: InvitationError, for purpose: Invitation.Purpose) {
        let reason =
            switch error {
            case .notAnInvitation: "it does not begin like one"
            case .mistyped: "it was mistyped or cut"
            case .newerVersion: "a newer sealift made it"
            case .malformed: "it holds impossible values"
            }
        self.init(
            .invitationUnusable, "this is no invitation: \(reason)",
            advice: "Ask for the file of `sealift "
                + "\(purpose == .contact ? "contact export" : "device add --export")` again.")
    }

    /// The other end showed what nobody takes.
    init(pairing failure: PairingFailure) {
        switch failure {
        case .violation:
            self.init(
                .protocolViolation, "the other end broke the protocol",
                advice: "Nothing was stored. Check that both ends run a released sealift.")
        case .ownIdentity:
            self.init(
                .introductionRefused, "the other end is a device of your own",
                advice: "Nobody is a contact of himself.")
        case .unexpectedIdentity(let expected, let offered):
            self.init(contact: .identityChanged(pinned: expected, offered: offered))
        case .chain(let error):
            self.init(contact: .chain(error))
        case .deviceNotTheirs:
            self.init(contact: .deviceNotTheirs)
        }
    }
}
