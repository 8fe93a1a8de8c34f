import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftTransfer
import SealiftTransport

// The wait for a sender that went away, and the ways to it.
extension ReceiveRun {
    /// Begins, continues or ends the wait for a sender that is silent or gone.
    func watch(now: Instant) throws(SealiftError) {
        guard isWanted, current.connection != nil else { return }
        if outage == nil {
            guard let heard = current.endpoint.lastHeard,
                now - heard >= Outage.silenceBeforeDialing
            else { return }
            try begin(Outage(since: heard, now: now))
        }
        guard let outage else { return }
        if let heard = current.endpoint.lastHeard, heard > outage.since, !isHandedOver {
            // The session lives: what silenced it is over.
            fresh = nil
            self.outage = nil
            finder.stopCalling()
            if let connection = current.connection { observer.tell(.connected(connection)) }
            return
        }
        guard now < outage.end else {
            isOver = true
            return
        }
        guard fresh == nil, now >= outage.nextDial else { return }
        do throws(DialFailure) {
            fresh = ReceiveAttempt(try dialer.dial(for: Outage.dialTime, now: now))
        } catch {
            throw SealiftError(error)
        }
        if let fresh { for path in finder.proven { add(path, to: fresh, now: now) } }
    }

    func add(_ path: PathID, to attempt: ReceiveAttempt, now: Instant) {
        attempt.endpoint.addPath(path, PathRank(finder.kind(of: path)), now: now)
    }

    // MARK: A better way

    /// Looks at the machine's addresses and calls the sender again, where that may find a better way than
    /// the one the session goes.
    func lookFurther(now: Instant) {
        guard isWanted, outage == nil, let connection = current.connection else { return }
        switch furtherSearch.fire(
            isRelayed: connection.path == .relayed,
            ownAddresses: { ownAddresses }, now: now)
        {
        case .nothing: break
        case .networkChanged: current.endpoint.networkChanged(now: now)
        case .call: finder.callAgain(options.ticket.secret, now: now)
        }
    }

    private var ownAddresses: Set<SocketAddress> {
        Set(((try? NetworkInterfaces.addresses()) ?? []).map(\.address))
    }

    /// Packets go another way from now on.
    func moved(_ attempt: ReceiveAttempt, to path: PathID, now: Instant) {
        guard attempt === current, let sender else { return }
        let connection = connection(to: sender, on: path)
        attempt.connection = connection
        finder.socketsInUse = [path.socket]
        furtherSearch.moved(now: now)
        observer.tell(.moved(connection))
    }

    func connection(to peer: DeviceID, on path: PathID) -> PeerConnection {
        PeerConnection(
            peerFingerprint: peer.fingerprint.description,
            ownFingerprint: dialer.device.publicKeys.id.fingerprint.description,
            address: EndpointAddress(path.address),
            path: finder.kind(of: path),
            route: finder.proven.contains(path) ? .punched : .dialled)
    }

    /// Whether a handshake beside the session came so far that the sender may have let go of the
    /// session.
    private var isHandedOver: Bool { fresh?.endpoint.statistics != nil }

    private func begin(_ outage: Outage) throws(SealiftError) {
        self.outage = outage
        nextReport = .zero
        try call(from: MonotonicClock.now())
    }

    /// The session that counted is gone, or a dial beside it came to nothing.
    func attemptEnded(
        _ attempt: ReceiveAttempt, _ ending: SessionEnding, now: Instant
    ) throws(SealiftError) {
        guard attempt === current else {
            fresh = nil
            outage?.dialFailed(now: now)
            return
        }
        attempt.retire()
        self.ending = ending
        if case .noAnswer = ending, attempt.connection == nil, failure == nil {
            failure = .cannotConnect(
                finder.diagnosis(dialled: dialer.paths.count, now: now),
                waited: options.connectTimeout)
        }
        guard isWanted, attempt.connection != nil, ending.canComeBack else {
            isOver = true
            return
        }
        if outage == nil { try begin(Outage(since: now, now: now)) }
    }

    /// Somebody answered: from now on this attempt counts.
    func connected(
        _ attempt: ReceiveAttempt, _ connection: PeerConnection
    ) throws(SealiftError) {
        if attempt !== current {
            progress.handOver(current.tally)
            current.retire()
            current = attempt
            fresh = nil
        }
        outage = nil
        nextReport = .zero
        finder.stopCalling()
        attempt.connection = connection
        do throws(SystemError) {
            let spool = try ListingSpool(in: home.folder)
            var store = try ReceiverFileStore(
                options.folder.map { Destination($0) } ?? Destination(path: options.output),
                quarantine: options.quarantine,
                sender: options.ticket.fingerprint, spool: spool, home: home.folder,
                manifest: manifest)
            store.ledger = options.ledger
            let disk = try ReceiverDisk(
                store: store, choices: options.choices, after: newestDisk, waker: waker)
            newestDisk = disk
            attempt.open(spool: spool, disk: disk)
        } catch {
            throw SealiftError(.internalFailure, error)
        }
        observer.tell(.connected(connection))
    }
}

extension SessionEnding {
    /// Whether the other end may be there again soon: it vanished, it was stopped, or new keys are
    /// all that is needed.
    fileprivate var canComeBack: Bool {
        switch self {
        case .lost, .closedByPeer(.interrupted, _), .closedByPeer(.keyExhausted, _),
            .closed(.keyExhausted, _):
            true
        case .noAnswer, .handshakeFailed, .closed, .closedByPeer: false
        }
    }
}
