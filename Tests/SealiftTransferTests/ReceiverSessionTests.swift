import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// A hostile or confused sender against the receiver's rules (`docs/PROTOCOL.md` §7).
@Suite("Receiver session")
struct ReceiverSessionTests {
    static let offer = SenderSessionTests.offer

    /// A session that has asked for one piece of file 1 as object 2 (the listing was 0 and 1).
    private func transferring() -> ReceiverSession {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        for object in 0..<2 {
            session.receive(ObjectID(rawValue: UInt64(object)), ObjectBuffer(count: 32))
            session.give(
                .proven(.listing, PieceIndex(UInt64(object)), bytes: 200_000))
        }
        session.give(
            .listingReady(
                ListingSummary(
                    totals: Self.offer.totals, freeSpace: .max, conflicts: [], conflictCount: 0)))
        session.accept()
        session.receive(.claimed)
        session.give(
            .planned(
                PlannedRun(
                    subject: .pieces([
                        PlannedRun.Piece(
                            file: FileIndex(1), piece: .first, length: PieceGeometry.pieceSize)
                    ]))))
        _ = session.drain()
        return session
    }

    @Test("asks for the listing and nothing else before the user answered")
    func listingFirst() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        let messages = session.drain().compactMap(\.message)
        #expect(
            messages == [
                .request(
                    PieceRequest(
                        firstObject: ObjectID(rawValue: 0), file: .listing, piece: .first,
                        count: 2))
            ])
    }

    @Test("pieces are asked for with the claim, before its answer")
    func asksWithTheClaim() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        session.give(
            .listingReady(
                ListingSummary(
                    totals: Self.offer.totals, freeSpace: .max, conflicts: [], conflictCount: 0)))
        session.accept()
        session.give(
            .planned(
                PlannedRun(
                    subject: .pieces([
                        PlannedRun.Piece(
                            file: FileIndex(1), piece: .first, length: PieceGeometry.pieceSize)
                    ]))))
        let messages = session.drain().compactMap(\.message)
        #expect(messages.contains(.claim))
        guard case .request(let request) = messages.last else {
            Issue.record("nothing was asked for")
            return
        }
        #expect(request.file == FileIndex(1))
    }

    @Test("a second offer is refused")
    func secondOffer() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        session.receive(.offer(Self.offer))
        #expect(session.isOver)
    }

    @Test("a claim that nobody made is not granted")
    func unaskedGrant() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        session.receive(.claimed)
        #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
    }

    @Test(
        "messages that only a receiver sends are refused",
        arguments: [
            ControlMessage.claim, .complete(Completion(root: .zero, files: 0, bytes: 0)),
            .skip(first: FileIndex(1), count: 1),
        ])
    func wrongDirection(message: ControlMessage) {
        var session = transferring()
        session.receive(message)
        #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
    }

    @Test(
        "statements about files never asked for are refused",
        arguments: [UInt64(0), 2, 1 << 40])
    func unknownFile(file: UInt64) {
        for message in [
            ControlMessage.fileRoot(FileIndex(file), SHA256Root.sample),
            .fileFailed(FileIndex(file), .changed),
        ] {
            var session = transferring()
            session.receive(message)
            #expect(session.drain().contains { $0.isViolation(.unknownObject) })
        }
    }

    @Test("zeros for objects never asked for are refused")
    func unknownZero() {
        var session = transferring()
        session.receive(.zero(first: ObjectID(rawValue: 3), count: 1))
        #expect(session.drain().contains { $0.isViolation(.unknownObject) })
    }

    @Test("zeros for a piece of the listing are refused")
    func zeroListing() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        session.receive(.zero(first: ObjectID(rawValue: 0), count: 1))
        #expect(session.drain().contains { $0.isViolation(.unknownObject) })
    }

    @Test("a listing refused by the worker ends the session before anything is claimed")
    func refusedListing() {
        var session = ReceiverSession()
        session.receive(.offer(Self.offer))
        session.give(.violation(.listing("a path leaves the folder")))
        let actions = session.drain()
        #expect(actions.contains { $0.closeCode == .violation })
        #expect(!actions.compactMap(\.message).contains(.claim))
    }

    @Test("a confirmation with another root is an integrity error")
    func otherRoot() {
        var session = transferring()
        session.give(
            .finished(
                Completion(root: SHA256Root.sample, files: 1, bytes: 1), skipped: IntervalSet()))
        session.receive(.confirm(.zero))
        #expect(session.drain().contains { $0.closeCode == .integrity })
    }

    @Test("a file that fails frees its window and withdraws its objects")
    func failedFile() {
        var session = transferring()
        let outstanding = session.window.outstanding
        #expect(outstanding > 0)
        session.receive(.fileFailed(FileIndex(1), .vanished))
        #expect(session.window.outstanding == 0)
        let actions = session.drain()
        #expect(
            actions.contains {
                if case .withdraw(ObjectID(rawValue: 2)) = $0 { true } else { false }
            })
    }

    @Test("the window doubles only when a round trip used more than a quarter of it")
    func windowGrowth() {
        var window = RequestWindow()
        let start = window.size
        window.proven(1, now: .zero, roundTrip: .milliseconds(10))
        window.proven(
            start / 8, now: Instant(nanoseconds: 20_000_000), roundTrip: .milliseconds(10))
        #expect(window.size == start)
        window.proven(start, now: Instant(nanoseconds: 40_000_000), roundTrip: .milliseconds(10))
        #expect(window.size == 2 * start)
        for step in 3..<100 {
            window.proven(
                2 << 30, now: Instant(nanoseconds: Int64(step) * 20_000_000),
                roundTrip: .milliseconds(10))
        }
        #expect(window.size == RequestWindow.maximumSize)
    }
}

extension ReceiverSession {
    /// Every action that waits.
    mutating func drain() -> [Action] {
        var actions: [Action] = []
        while let action = pollAction() { actions.append(action) }
        return actions
    }

    /// Gives an output at the beginning of time.
    mutating func give(_ output: ReceiverOutput) {
        receive(output, now: .zero, roundTrip: .milliseconds(10))
    }
}

extension ReceiverSession.Action {
    var message: ControlMessage? {
        if case .send(let message) = self { message } else { nil }
    }

    var closeCode: CloseCode? {
        if case .close(let code, _) = self { code } else { nil }
    }

    func isViolation(_ violation: TransferViolation) -> Bool {
        if case .report(.violated(violation)) = self { true } else { false }
    }
}
