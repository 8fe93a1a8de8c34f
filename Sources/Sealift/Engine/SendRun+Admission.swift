import SealiftCrypto
import SealiftPeople
import SealiftTransfer
import SealiftTransport

// Who comes, who is let in, and who may have the ticket.
extension SendRun {
    func admit(
        _ id: SenderEndpoint.SessionID, _ peer: DevicePublicKeys, _ path: PathID
    ) {
        let isMeant = options.grant?.recipients.contains(peer.id) ?? true
        if let refusal = isMeant ? desk.refusal(for: peer.id) : .declined {
            endpoint.refuse(id, refusal)
            noteDenied(peer.id, refusal)
            return
        }
        let connection = connection(to: peer.id, on: path)
        guests.arrived(id, device: peer.id, connection: connection, on: path)
        finder.socketsInUse = guests.sockets
        // Who accepted the ticket before was let in before.
        switch desk.isClaimed(by: peer.id) ? .accept : reception.judge(peer.id, connection) {
        case .accept: letIn(id)
        case .decline:
            endpoint.refuse(id, .declined)
            noteDenied(peer.id, .declined)
        case nil: break
        }
    }

    func connection(to peer: DeviceID, on path: PathID) -> PeerConnection {
        PeerConnection(
            peerFingerprint: peer.fingerprint.description, ownFingerprint: ownFingerprint,
            address: EndpointAddress(path.address),
            path: finder.kind(of: path), route: finder.proven.contains(path) ? .punched : .dialled)
    }

    /// A session's packets go another way from now on.
    func moved(_ id: SenderEndpoint.SessionID, to path: PathID) {
        guard let guest = guests[id] else { return }
        let connection = connection(to: guest.device, on: path)
        guests.moved(id, connection: connection, to: path)
        finder.socketsInUse = guests.sockets
        if guest.isServed, !isLeaving { observer.tell(.moved(connection)) }
    }

    /// Logs that `device` got nothing. Nothing goes on unlogged.
    private func noteDenied(_ device: DeviceID, _ reason: RefusalReason) {
        do throws(SealiftError) {
            try records.denied(device, SealiftError(reason).code, paths: desk.paths)
        } catch {
            failure = error
            isOver = true
        }
    }

    /// Logs that `device` may have content from now on.
    private func noteStarted(_ device: DeviceID, in id: GuestBook.SessionID) throws(SealiftError) {
        let ticket = desk.ticket.secret.tag(direction: .initiatorToResponder, hour: 0)
        let byTicket = endpoint.secretTag(of: id) == ticket
        try records.started(
            device,
            decision: options.grant?.decision
                ?? (options.admission == .asked ? .user : byTicket ? .ticket : .code),
            subject: desk.paths)
    }

    private func letIn(_ id: SenderEndpoint.SessionID) {
        guard let guest = guests[id] else { return }
        backlog.append(.admit(id))
        endpoint.offer(
            Offer(
                claim: desk.isClaimed(by: guest.device) ? .yours : .unclaimed,
                listing: catalog.listing, totals: catalog.totals),
            to: id)
        observer.tell(.connected(guest.connection))
    }

    /// Lets in, or sends away, who waited for the user's answer.
    func takeAnswers() {
        for (device, decision) in reception.takeAnswers() {
            for id in guests.sessions(of: device) {
                switch decision {
                case .accept: letIn(id)
                case .decline: endpoint.refuse(id, .declined)
                }
            }
            if decision == .decline { noteDenied(device, .declined) }
        }
    }

    func decideClaim(of id: SenderEndpoint.SessionID, by peer: DevicePublicKeys) {
        do throws(SealiftError) {
            let refusal = try desk.claim(by: peer.id)
            if let refusal {
                noteDenied(peer.id, refusal)
            } else {
                try noteStarted(peer.id, in: id)
                guests.serve(id)
                patience = nil
            }
            endpoint.claimDecided(id, refusal)
        } catch {
            // Nothing moves on a claim, or an entry of the log, that is not on disk.
            failure = error
            endpoint.claimDecided(id, .unavailable)
            isOver = true
        }
    }
}
