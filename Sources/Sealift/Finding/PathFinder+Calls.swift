import DequeModule
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftRendezvous
import SealiftTransport
import SealiftTraversal

// Calls, from their first box to the paths that their probing proves.
extension PathFinder {
    private func ownCall(_ id: CallID, now: Instant) -> Call {
        Call(
            id: id, nat: gathering.natKind(now: now) ?? .unclassified,
            flags: search?.isFurther == true ? .directOnly : .birthday,
            candidates: ownCandidates(isRelayed: false))
    }

    /// What a peer is told of us.
    private func ownCandidates(isRelayed: Bool) -> CandidateList {
        let own = gathering.candidates()
        guard let relay else { return CandidateList(own) }
        // There must be room for the relay later, in a list that its reader takes to sixteen.
        let relayed = isRelayed ? relay.address.map { [Candidate(.relayed, $0)] } ?? [] : []
        return CandidateList(own.prefix(CandidateList.maximumCount - 1) + relayed)
    }

    /// What peers were told last depends on it.
    private var revision: Int { gathering.revision + (relay?.revision ?? 0) }

    /// Lets the relay take part in calls that found nothing direct in time.
    func joinRelay(now: Instant) {
        guard let relay, relay.address != nil else { return }
        for index in calls.indices {
            guard let due = calls[index].relayDue, due <= now else { continue }
            calls[index].join(relay, now: now)
            retell(index)
        }
    }

    /// Takes what a peer of a live call says newly.
    private func update(_ index: Int, peer: Call, now: Instant) {
        calls[index].update(peer: peer, now: now)
        if calls[index].isRelayed { relay?.admit(peer.candidates) }
        note(peer)
    }

    private func note(_ peer: Call) {
        for candidate in peer.candidates.candidates where candidate.kind == .relayed {
            if peerRelays.count < Self.mostPaths { peerRelays.insert(candidate.address) }
        }
    }

    /// Calls the sender, where it is time to.
    func makeCall(now: Instant) {
        guard let search, search.due <= now, let line = lines.first else { return }
        if search.isFurther, search.call != nil { return stopCalling() }
        if desks.isEmpty {
            do throws(SystemError) { try openDesks(beside: line.mailboxes) } catch {
                // No thread to be had: dialling goes on, and the next try is due later.
                self.search?.due = now + Self.callInterval
                return
            }
            for desk in desks { desk.open(line: line.number, line.mailboxes) }
            try? openRelay()
        }
        guard gathering.isSettled || search.latest <= now else { return }
        if let before = search.call {
            for desk in desks { desk.forget(before.id) }
        }
        var entropy = SealiftCrypto.SystemEntropy()
        let call = ownCall(.random(entropy: &entropy), now: now)
        for desk in desks { desk.put(call, line: line.number) }
        toldRevision = revision
        self.search?.call = call
        self.search?.due = now + Self.callInterval
    }

    func take(_ arrival: CallDesk.Arrival, now: Instant) {
        switch role {
        case .caller: takeAnswer(arrival, now: now)
        case .callee: takeCall(arrival, now: now)
        }
    }

    private func takeAnswer(_ arrival: CallDesk.Arrival, now: Instant) {
        guard let own = search?.call, own.id == arrival.call.id, let line = lines.first else {
            return
        }
        lastPeer = arrival.call
        if let index = calls.firstIndex(where: { $0.local.id == own.id }) {
            update(index, peer: arrival.call, now: now)
        } else {
            begin(line, local: own, peer: arrival.call, now: now)
        }
    }

    private func takeCall(_ arrival: CallDesk.Arrival, now: Instant) {
        guard let place = lines.firstIndex(where: { $0.number == arrival.line }) else { return }
        switch lines[place].ledger.admit(arrival.call, now: now) {
        case .begin:
            answer(arrival, on: lines[place], now: now)
        case .replace(let former):
            if let index = calls.firstIndex(where: { $0.local.id == former }) { end(index) }
            answer(arrival, on: lines[place], now: now)
        case .revise:
            guard let index = calls.firstIndex(where: { $0.local.id == arrival.call.id }) else {
                return
            }
            update(index, peer: arrival.call, now: now)
        case .ignore, .busy:
            break
        }
    }

    private func answer(_ arrival: CallDesk.Arrival, on line: Line, now: Instant) {
        // Who calls may have lost us because our network changed.
        gathering.refresh(now: now)
        let answer = ownCall(arrival.call.id, now: now)
        for desk in desks { desk.put(answer, line: line.number) }
        begin(line, local: answer, peer: arrival.call, now: now)
    }

    private func begin(_ line: Line, local: Call, peer: Call, now: Instant) {
        note(peer)
        let sockets = pump.sockets.enumerated().map { index, socket in
            ProbeSocket(
                index: index, family: socket.localAddress.family == .ipv4 ? .ipv4 : .ipv6)
        }
        calls.append(
            LiveCall(
                line: line.number, line.psk, role: role, local: local, peer: peer,
                sockets: sockets, policy: policy.addresses, now: now))
    }

    /// Tells the peers of live calls what changed about us.
    func tellChanges() {
        guard revision != toldRevision else { return }
        toldRevision = revision
        let nat = gathering.natKind(now: MonotonicClock.now()) ?? .unclassified
        let candidates = ownCandidates(isRelayed: false)
        for index in calls.indices { retell(index) }
        // A call that is not answered yet.
        if let call = search?.call, !calls.contains(where: { $0.local.id == call.id }),
            call.revision < .max, call.nat != nat || call.candidates != candidates
        {
            let revised = Call(
                id: call.id, revision: call.revision + 1, nat: nat, flags: call.flags,
                candidates: candidates)
            search?.call = revised
            tell(revised, after: call, line: Self.firstLine)
        }
    }

    /// Tells the peer of a live call what is new of us.
    private func retell(_ index: Int) {
        let before = calls[index].local
        calls[index].revise(
            nat: gathering.natKind(now: MonotonicClock.now()) ?? .unclassified,
            candidates: ownCandidates(isRelayed: calls[index].isRelayed))
        tell(calls[index].local, after: before, line: calls[index].line)
    }

    private func tell(_ call: Call, after before: Call, line: Int) {
        guard call != before else { return }
        if search?.call?.id == call.id { search?.call = call }
        for desk in desks { desk.put(call, line: line) }
    }

    /// Takes note of what a call's agent found. Not while datagrams are being read: it may open and close
    /// sockets.
    func takeEvents(_ index: Int) {
        while let event = calls[index].agent.pollEvent() {
            switch event {
            case .validated(let path): found(path, index)
            case .chosen: closeSpares(index)
            case .wantsSockets(let count): addSockets(count, index)
            case .exhausted(let diagnosis):
                closeSpares(index)
                // The receiver's own end says why, when its time is over.
                if role == .callee { failures.append(diagnosis) }
            }
        }
    }

    func sendProbes(_ index: Int) {
        while let probe = calls[index].agent.pollTransmit() {
            pump.send(
                probe.bytes,
                on: PathID(SocketAddress(probe.destination), socket: probe.socket))
        }
    }

    private func found(_ path: ProbePath, _ index: Int) {
        let path = PathID(SocketAddress(path.address), socket: path.socket)
        calls[index].note(path)
        fresh.append(path)
        guard !proven.contains(path) else { return }
        if proven.count == Self.mostPaths,
            let oldest = proven.firstIndex(where: { !socketsInUse.contains($0.socket) })
        {
            pump.closeSockets([proven.remove(at: oldest).socket])
        }
        proven.append(path)
    }

    private func addSockets(_ count: Int, _ index: Int) {
        let numbers = pump.addSockets(count)
        calls[index].spareSockets.formUnion(numbers)
        calls[index].agent.addBirthdaySockets(
            numbers.map { ProbeSocket(index: $0, family: .ipv4) }, now: MonotonicClock.now())
    }

    private func closeSpares(_ index: Int) {
        pump.closeSockets(calls[index].spareSockets)
        calls[index].spareSockets = []
    }

    func end(_ index: Int) {
        closeSpares(index)
        for desk in desks { desk.forget(calls[index].local.id) }
        calls.remove(at: index)
    }
}
