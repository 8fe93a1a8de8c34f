import SealiftBase
import SealiftTraversal

extension ConnectDiagnosis {
    /// Judges what is known when the time for the first contact is over.
    ///
    /// - Parameters:
    ///   - own: what lies in front of us; nil where nobody was asked.
    ///   - peer: what the sender said of itself; nil where it did not answer a call.
    ///   - dialled: how many addresses were dialled.
    ///   - standings: how each named server stands.
    ///   - relay: how the user's own relay stands; nil where there is none.
    init(
        own: NATKind?, peer: (nat: NATKind, candidates: Int)?, dialled: Int,
        standings: [CallDesk.Standing], hasSTUN: Bool, relay: OwnRelay.Standing? = nil
    ) {
        let own = Network(own)
        let theirs = peer.map { Network($0.nat) }
        let reason = standings.compactMap { standing -> String? in
            if case .away(let reason) = standing { reason } else { nil }
        }.first
        let call: Call =
            if peer != nil {
                .answered
            } else if standings.isEmpty {
                .noServer
            } else if standings.contains(.open) {
                .unanswered
            } else {
                .serverAway
            }
        self.init(
            own: own, peer: theirs, call: call,
            tried: Self.tried(call, dialled: dialled, candidates: peer?.candidates, reason: reason)
                + (relay.map { [Self.tried($0)] } ?? []),
            helps: Self.helps(
                call, own: own, peer: theirs, hasSTUN: hasSTUN, hasRelay: relay != nil))
    }

    private static func tried(
        _ call: Call, dialled: Int, candidates: Int?, reason: String?
    ) -> [String] {
        let direct =
            dialled == 0
            ? "no address of the sender can be dialled from here"
            : "dialled \(dialled) address\(dialled == 1 ? "" : "es") of the sender without an answer"
        switch call {
        case .noServer:
            return [direct, "no rendezvous server is named, so the sender could not be called"]
        case .serverAway:
            return [direct, "no rendezvous server could be used: " + (reason ?? "none answered")]
        case .unanswered:
            return [direct, "called the sender through the rendezvous server without an answer"]
        case .answered:
            return [
                direct,
                "the sender answered the call, and \(candidates ?? 0) addresses of it were probed",
            ]
        }
    }

    private static func tried(_ relay: OwnRelay.Standing) -> String {
        switch relay {
        case .asking: "the relay did not answer in time"
        case .ready: "nobody came through the relay"
        case .away(let words): words
        }
    }

    private static func helps(
        _ call: Call, own: Network, peer: Network?, hasSTUN: Bool, hasRelay: Bool
    ) -> [String] {
        var helps: [String] = []
        switch call {
        case .unanswered:
            helps.append("Check that `sealift send` still runs, and uses the same server.")
        case .serverAway:
            helps.append("Check SEALIFT_RENDEZVOUS and the network here.")
        case .noServer:
            helps.append("Check that `sealift send` still runs.")
            helps.append(
                "Set SEALIFT_RENDEZVOUS to the same server at both ends: it lets two machines "
                    + "behind NATs meet.")
        case .answered:
            break
        }
        if own == .blocked {
            helps.append("Allow UDP out of this network, or use another one.")
        }
        if peer == .blocked {
            helps.append("Allow UDP out of the sender's network, or use another one there.")
        }
        if own == .unknown, !hasSTUN {
            helps.append("Name a STUN server (SEALIFT_STUN) at both ends.")
        }
        helps.append("IPv6 at both ends needs no NAT at all.")
        helps.append(
            "Or forward a UDP port to one machine: there `sealift send --listen 0.0.0.0:PORT "
                + "--advertise OUTSIDE:PORT`.")
        if hasRelay { return helps }
        if own == .hard, peer == .hard {
            helps.append(
                "Two hard NATs do not meet otherwise, except over a relay of your own "
                    + "(--relay mine).")
        } else if own == .blocked || peer == .blocked {
            helps.append("Or use a relay of your own, which TLS reaches too (--relay mine).")
        }
        return helps
    }
}

extension TransferWarning {
    /// A receiver that called was not reached.
    init(failedCall diagnosis: ProbeDiagnosis) {
        let own = ConnectDiagnosis.Network(diagnosis.local)
        let peer = ConnectDiagnosis.Network(diagnosis.peer)
        self.init(
            "a receiver called, but no path to it was found: here \(own.words), there "
                + "\(peer.words)")
    }
}

extension ConnectDiagnosis.Network {
    /// The user's word for a kind of NAT.
    init(_ kind: NATKind?) {
        switch kind {
        case .blocked: self = .blocked
        case .some(.none): self = .open
        case .endpointIndependent: self = .easy
        case .endpointDependent: self = .hard
        case .unclassified, nil: self = .unknown
        }
    }
}

extension SealiftError {
    /// The policy leaves no address of the ticket, and there is nobody to ask.
    static let noAddressMayBeDialled = SealiftError(
        .cannotConnect, "no address in the ticket can be dialled from here",
        advice:
            "Look at --allow, --deny, --interface and --bind, or at which networks this machine "
            + "has (IPv4, IPv6).")

    /// Nobody could be reached in time.
    static func cannotConnect(_ diagnosis: ConnectDiagnosis, waited: Duration) -> SealiftError {
        let between = diagnosis.peer.map { ", there \($0.words)" } ?? ""
        var error = SealiftError(
            .cannotConnect,
            "no connection to the sender within \(waited.components.seconds) s",
            advice: diagnosis.helps.joined(separator: " "),
            cause: (diagnosis.tried + ["here \(diagnosis.own.words)\(between)"])
                .joined(separator: "; "))
        error.diagnosis = diagnosis
        return error
    }
}
