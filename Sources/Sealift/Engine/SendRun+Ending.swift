import SealiftBase
import SealiftTransfer
import SealiftTransport

// How sessions end, what the ticket is worth then, and when the run is over.
extension SendRun {
    /// A receiver has what it wanted, proven, and is being told so.
    func completed(
        _ completion: Completion, isWhole: Bool, by id: SenderEndpoint.SessionID
    ) {
        guard let guest = guests[id] else { return }
        guests.confirmed(id, isWhole: isWhole)
        countSent(to: id)
        do throws(SealiftError) {
            let end = try records.ended(
                guest.device, with: completion, isWhole: isWhole,
                bytes: guests.sentBytes(to: guest.device))
            if let end {
                endpoint.witness(
                    id, try receipts.begin(id, end, to: guest.device, completion))
            }
        } catch {
            failure = error
        }
        observer.tellLast(
            progress.confirmed(completion, statistics: endpoint.statistics(of: id)))
        switch options.audience {
        case .oneReceiver:
            // The end comes when the receiver knows.
            break
        case .manyReceivers:
            if isWhole { spend(for: guest) }
            observer.tell(
                .delivered(
                    Delivery(
                        peerFingerprint: guest.connection.peerFingerprint, root: completion.root,
                        files: completion.files, bytes: completion.bytes)))
        }
    }

    /// The only receiver knows that it has everything: nothing is left to do but to say farewell.
    func farewell(_ guest: GuestBook.Guest, now: Instant) {
        // Whoever left something out, or could not get it, may come back for it.
        if guest.isWhole { spend(for: guest) }
        farewellDeadline = now + Self.farewellTime
    }

    private func spend(for guest: GuestBook.Guest) {
        do throws(SealiftError) { try desk.complete(by: guest.device) } catch { failure = error }
    }

    /// A receiver's session cannot come to a good end. Of many receivers, only this one goes.
    func end(_ id: SenderEndpoint.SessionID, _ error: SealiftError) {
        switch options.audience {
        case .oneReceiver: failure = error
        case .manyReceivers:
            let device = guests[id]?.connection.peerFingerprint ?? ""
            observer.tell(
                .warning(TransferWarning("the session of device \(device) ended: \(error.message)"))
            )
        }
    }

    /// A session is gone. Unless the receiver knows that it has everything, it may come back.
    func leave(_ id: SenderEndpoint.SessionID, _ ending: SessionEnding, now: Instant) {
        receipts.end(id)
        guard let guest = guests.left(id), guest.isServed else { return }
        records.count(guests.sentBytes(to: guest.device), to: guest.device)
        disk.pause([])
        if guests.served.isEmpty { patience = returnTime(now: now) }
        guard !isLeaving else {
            isOver = guest.isComplete || failure != nil
            return
        }
        switch ending {
        case .closedByPeer(.done, _) where guest.isComplete:
            guard options.audience == .oneReceiver else { return }
            farewell(guest, now: now)
            isOver = true
        case .closedByPeer(.integrity, _) where !guest.isComplete,
            .closedByPeer(.violation, _) where !guest.isComplete:
            end(id, SealiftError(ending, waited: .zero))
            if failure != nil { isOver = true }
        default:
            if guest.isComplete, options.audience == .manyReceivers { return }
            // The same device's new session replaced this one.
            guard guests.sessions(of: guest.device).isEmpty else { return }
            observer.tell(
                .warning(
                    TransferWarning(
                        guest.isComplete
                            ? "the receiver has everything and left before it was told; "
                                + "waiting for it to come back"
                            : "the receiver left before the end; waiting for it to come back")))
        }
    }

    /// Until when a receiver that left is waited for. One that has everything and was not told dials
    /// for ten minutes; longer nothing is gained by waiting.
    private func returnTime(now: Instant) -> Instant? {
        guard completion != nil, options.audience == .oneReceiver else {
            return options.wait.map { now + $0 }
        }
        return now + min(options.wait ?? Outage.patience, Outage.patience)
    }

    func judgeEnd(now: Instant) {
        if cancellation.isRequested, !isLeaving {
            // Many receivers are served until the user says so: that is a good end unless it cuts
            // somebody off. So is the end of a wait for one that only was not told.
            if completion == nil
                || (options.audience == .manyReceivers && guests.isAnyoneUnfinished)
            {
                failure = .interrupted(byUserOf: .send)
            }
            for id in endpoint.sessions {
                endpoint.close(id, code: .interrupted, reason: "the sender stopped", now: now)
            }
            farewellDeadline = now + .milliseconds(300)
        }
        if !isLeaving, options.audience == .oneReceiver, let (id, guest) = guests.complete,
            endpoint.hasDelivered(id)
        {
            farewell(guest, now: now)
        }
        if let deadline = farewellDeadline, now >= deadline { isOver = true }
        if isLeaving, endpoint.sessions.isEmpty { isOver = true }
        guard guests.served.isEmpty, !isLeaving else { return }
        if let patience, now >= patience, !reception.isAsking {
            if completion == nil { failure = .nobodyCame(waited: options.wait ?? .zero) }
            isOver = true
        }
        if endpoint.sessions.isEmpty, let expiry = desk.expired() {
            if completion == nil { failure = expiry }
            isOver = true
        }
    }
}
