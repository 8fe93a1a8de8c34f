import SealiftBase
import SealiftCrypto
import SealiftTraversal

extension FuzzTarget {
    /// Calls of somebody who holds the ticket: what a box held, and what a ledger makes of several.
    ///
    /// What is read is written again the same, names no address that may not be probed, and never makes
    /// more than two calls live.
    static let calls = FuzzTarget("calls", maximumLength: 2_048, seeds: CallRun.seeds) {
        input throws(BrokenRule) in
        var ledgers = [CallLedger.Callers.several, .oneDevice].map { WatchedLedger($0) }
        var now = Instant.zero
        while !input.isAtEnd {
            now += .milliseconds(100 * Int64(input.byte()))
            for place in ledgers.indices { ledgers[place].expire(now: now) }
            let bytes = input.run(atMost: 400)
            guard let call = try CallRun.read(bytes) else { continue }
            for place in ledgers.indices { try ledgers[place].admit(call, now: now) }
        }
    }
}

/// A ledger, and what is known of its calls from what it said.
private struct WatchedLedger {
    private var ledger: CallLedger
    private let callers: CallLedger.Callers
    private var live: Set<CallID> = []
    private var ended: Set<CallID> = []

    init(_ callers: CallLedger.Callers) {
        self.callers = callers
        ledger = CallLedger(callers)
    }

    mutating func expire(now: Instant) {
        for id in ledger.takeExpired(now: now) { end(id) }
    }

    private mutating func end(_ id: CallID) {
        live.remove(id)
        ended.insert(id)
    }

    mutating func admit(_ call: Call, now: Instant) throws(BrokenRule) {
        switch ledger.admit(call, now: now) {
        case .replace(let former):
            try demand(live.contains(former), "a call was replaced that was not live")
            end(former)
            try begin(call.id)
        case .begin: try begin(call.id)
        case .revise: try demand(live.contains(call.id), "a call was revised that never began")
        case .busy: try demand(callers == .several, "the only caller was told to come again")
        case .ignore: break
        }
        try demand(live.count <= CallLedger.liveCount, "more than two calls are live")
    }

    private mutating func begin(_ id: CallID) throws(BrokenRule) {
        try demand(!ended.contains(id), "a call that was over began again")
        try demand(live.insert(id).inserted, "a live call began again")
    }
}

private enum CallRun {
    static func read(_ bytes: [UInt8]) throws(BrokenRule) -> Call? {
        let policy = AddressPolicy()
        guard let call = bytes.withUnsafeBytes({ Call(peer: $0, policy: policy) }) else {
            return nil
        }
        try demand(
            call.candidates.candidates.count <= CandidateList.maximumCount
                && call.candidates.candidates.allSatisfy {
                    CandidateList.isUsable($0, policy: policy)
                }, "a call names an address that may not be probed")
        let again = call.encoded.withUnsafeBytes { Call(peer: $0, policy: policy) }
        try demand(again == call, "a call is not read as it was written")
        return call
    }

    static func seeds() -> [[UInt8]] {
        let calls = (0..<3).map { number in
            sampleCall(
                id: UInt8(number), revision: 0, addresses: [[192, 168, 1, 5], [198, 51, 100, 7]])
        }
        func script(_ calls: [Call]) -> [UInt8] {
            seed { writer in
                for call in calls {
                    writer.write(UInt8(3))
                    writer.writeRun(call.encoded)
                }
            }
        }
        let later = sampleCall(id: 0, revision: 2, addresses: [[203, 0, 113, 9]])
        return [
            script([calls[0]]), script([calls[0], later, calls[0]]), script(calls + calls),
            script([sampleCall(id: 9, revision: 65_535, addresses: [])]),
        ]
    }
}

/// A call from somewhere.
func sampleCall(id: UInt8, revision: UInt16, addresses: [[UInt8]]) -> Call {
    guard let callID = CallID([UInt8](repeating: id, count: CallID.byteCount)) else {
        preconditionFailure("sixteen bytes are an id")
    }
    return Call(
        id: callID, revision: revision, nat: .endpointDependent,
        candidates: CandidateList(
            addresses.enumerated().compactMap { index, bytes in
                TransportAddress(bytes: bytes, port: 40_000).map {
                    Candidate(index == 0 ? .host : .reflexive, $0)
                }
            }))
}
