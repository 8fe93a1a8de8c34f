import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// A hostile or confused receiver against the sender's rules (`docs/PROTOCOL.md` §7).
@Suite("Sender session")
struct SenderSessionTests {
    static let offer = Offer(
        claim: .unclaimed, listing: ContentID(length: 400_000, root: SHA256Root.sample),
        totals: ListingTotals(entries: 2, files: 2, bytes: 10, dataBytes: 10))

    private func request(
        _ object: UInt64, file: UInt64, piece: UInt64 = 0, count: UInt64 = 1
    ) -> ControlMessage {
        .request(
            PieceRequest(
                firstObject: ObjectID(rawValue: object), file: FileIndex(file),
                piece: PieceIndex(piece), count: count))
    }

    /// A session whose receiver owns the ticket.
    private func claimed() -> SenderSession {
        var session = SenderSession(offering: Self.offer)
        session.receive(.claim)
        session.claimDecided(nil)
        _ = session.drain()
        return session
    }

    @Test("the first action is the offer")
    func offersFirst() {
        var session = SenderSession(offering: Self.offer)
        guard case .send(.offer(Self.offer))? = session.pollAction() else {
            Issue.record("no offer came first")
            return
        }
        #expect(session.pollAction() == nil)
    }

    @Test("the listing may be asked for before a claim, content may not")
    func nothingBeforeTheClaim() {
        var session = SenderSession(offering: Self.offer)
        _ = session.drain()
        session.receive(request(0, file: 0))
        #expect(!session.isOver)
        session.receive(request(1, file: 1))
        #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
        #expect(session.isOver)
    }

    @Test("what is asked for while the claim is being decided waits for the decision")
    func heldBackWhileDeciding() {
        var session = SenderSession(offering: Self.offer)
        session.receive(.claim)
        session.receive(request(0, file: 1))
        #expect(!session.drain().contains { if case .work = $0 { true } else { false } })
        session.claimDecided(nil)
        #expect(session.drain().contains { if case .work(.request) = $0 { true } else { false } })
    }

    @Test("what was asked for with a claim that lost is forgotten")
    func forgottenWithTheClaim() {
        var session = SenderSession(offering: Self.offer)
        session.receive(.claim)
        session.receive(request(0, file: 1))
        session.claimDecided(.alreadyUsed)
        #expect(!session.drain().contains { if case .work = $0 { true } else { false } })
    }

    @Test("a flood of messages while the claim is being decided ends the session")
    func floodWhileDeciding() {
        var session = SenderSession(offering: Self.offer)
        session.receive(.claim)
        for object in 0..<SenderSession.maximumEarlyMessages {
            session.receive(request(UInt64(object), file: 1))
        }
        #expect(!session.isOver)
        session.receive(request(UInt64(SenderSession.maximumEarlyMessages), file: 1))
        #expect(session.drain().contains { $0.isViolation(.tooManyRequests) })
    }

    @Test("a claim that lost is refused inside the session, and nothing follows")
    func lostClaim() {
        var session = SenderSession(offering: Self.offer)
        session.receive(.claim)
        session.claimDecided(.alreadyUsed)
        let messages = session.drain().compactMap(\.message)
        #expect(messages.last == .refuse(.alreadyUsed))
        session.receive(request(0, file: 0))
        #expect(session.drain().isEmpty)
    }

    @Test("object ids must follow each other without gaps or repetition", arguments: [0, 2, 7])
    func objectOrder(second: UInt64) {
        var session = claimed()
        session.receive(request(0, file: 1))
        session.receive(request(second, file: 1))
        #expect(session.drain().contains { $0.isViolation(.objectOutOfOrder) })
    }

    @Test("a receiver cannot make us hold more than 2^20 requests")
    func tooManyRequests() {
        var session = claimed()
        for round in 0..<16 {
            session.receive(request(UInt64(round) * 65_536, file: 1, count: 65_536))
        }
        #expect(!session.isOver)
        session.receive(request(16 * 65_536, file: 1))
        #expect(session.drain().contains { $0.isViolation(.tooManyRequests) })
    }

    @Test("a receiver cannot make us keep a million separate skips")
    func tooManySkips() {
        var session = SenderSession(
            offering: Offer(
                claim: .unclaimed, listing: Self.offer.listing,
                totals: ListingTotals(entries: 1 << 32, files: 2, bytes: 10, dataBytes: 10)))
        session.receive(.claim)
        session.claimDecided(nil)
        _ = session.drain()
        for index in 0..<SenderSession.maximumSkippedRuns {
            session.receive(.skip(first: FileIndex(UInt64(index) * 2 + 1), count: 1))
        }
        #expect(!session.isOver)
        session.receive(
            .skip(first: FileIndex(UInt64(SenderSession.maximumSkippedRuns) * 2 + 1), count: 1))
        #expect(session.isOver)
    }

    @Test(
        "messages that only a sender sends are refused",
        arguments: [
            ControlMessage.claimed, .confirm(SHA256Root.sample), .refuse(.expired),
            .fileRoot(FileIndex(1), SHA256Root.sample), .fileFailed(FileIndex(1), .changed),
            .zero(first: ObjectID(rawValue: 0), count: 1), .offer(offer),
        ])
    func wrongDirection(message: ControlMessage) {
        var session = claimed()
        session.receive(message)
        #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
    }

    @Test(
        "entries that do not exist cannot be skipped",
        arguments: [(0, 1), (1, 3), (3, 1), (2, UInt64.max >> 2)] as [(UInt64, UInt64)])
    func skipsPastTheEnd(first: UInt64, count: UInt64) {
        var session = claimed()
        session.receive(.skip(first: FileIndex(first), count: count))
        #expect(session.drain().contains { $0.isViolation(.noSuchPiece) })
    }

    @Test("a second claim is refused")
    func secondClaim() {
        var session = claimed()
        session.receive(.claim)
        #expect(session.isOver)
    }

    @Test("different roots end in an integrity error, equal ones in completion")
    func roots() {
        let ours = Completion(root: SHA256Root.sample, files: 2, bytes: 10)
        for (theirs, isEqual) in [
            (ours, true), (Completion(root: .zero, files: 2, bytes: 10), false),
        ] {
            var session = claimed()
            session.receive(.complete(theirs))
            session.receive(SenderOutput.manifest(ours))
            let actions = session.drain()
            #expect(actions.compactMap(\.message).last == .confirm(ours.root))
            #expect(actions.contains { $0.closeCode == .integrity } == !isEqual)
        }
    }
}

extension SenderSession {
    /// Every action that waits.
    mutating func drain() -> [Action] {
        var actions: [Action] = []
        while let action = pollAction() { actions.append(action) }
        return actions
    }
}

extension SenderSession.Action {
    var message: ControlMessage? {
        if case .send(let message) = self { message } else { nil }
    }

    var closeCode: CloseCode? {
        switch self {
        case .close(let code, _), .closeWhenDelivered(let code, _): code
        default: nil
        }
    }

    func isViolation(_ violation: TransferViolation) -> Bool {
        if case .report(.violated(violation)) = self { true } else { false }
    }
}
