import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport

/// Begins sessions with the sender that a ticket names, each with keys of its own.
struct ReceiverDialer {
    let ticket: Ticket
    /// What the ticket's key was made for.
    let role: SessionRole
    let device: DeviceKeyPair
    /// Every address of the ticket that this machine has a socket for.
    let paths: [PathID]
    /// The groups of this machine's links.
    let groups: [PathID]

    /// Whether there is a way to any of the addresses, as far as this machine's routes tell.
    var hasReachablePath: Bool { paths.contains { $0.address.localSource != nil } }

    /// Whether there is anybody to dial.
    var hasWay: Bool { !paths.isEmpty || !groups.isEmpty }

    /// Dials on every path at once, for `time`.
    func dial(for time: Duration, now: Instant) throws(DialFailure) -> ReceiverEndpoint {
        let skipSeed: UInt64
        do throws(SystemError) {
            skipSeed = try SealiftIO.SystemEntropy.number()
        } catch {
            throw .system(error)
        }
        let (ticket, role, device) = (ticket, role, device)
        do throws(HandshakeError) {
            return try ReceiverEndpoint(
                paths: paths, groups: groups,
                configuration: ConnectionConfiguration(packetNumberSkipSeed: skipSeed),
                contactTimeout: time, now: now
            ) { () throws(HandshakeError) in
                var entropy = SealiftCrypto.SystemEntropy()
                return try HandshakeInitiator(
                    psk: ticket.secret, role: role, local: device,
                    expectedPeer: ticket.fingerprint, features: [.receipts, .listingAhead],
                    entropy: &entropy)
            }
        } catch {
            throw .handshake(error)
        }
    }
}

/// Why a dial could not even begin.
enum DialFailure: Error {
    case system(SystemError)
    case handshake(HandshakeError)
}

extension SealiftError {
    init(_ failure: DialFailure) {
        switch failure {
        case .system(let error): self.init(.internalFailure, error)
        case .handshake(let error): self.init(.handshakeFailed(error), waited: .zero)
        }
    }
}
