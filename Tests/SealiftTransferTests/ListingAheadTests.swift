import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

/// The beginning of the listing, right behind the offer (`docs/PROTOCOL.md` §7.1).
@Suite("Listing ahead")
struct ListingAheadTests {
    /// Two pieces, of 262,144 and 137,856 bytes.
    private static let offer = SenderSessionTests.offer
    private static let objectBytes = 400_000 + 2 * Hash256.byteCount

    private static func offer(pieces: Int) -> Offer {
        var offer = Self.offer
        offer.listing = ContentID(
            length: UInt64(pieces * PieceGeometry.pieceSize), root: SHA256Root.sample)
        return offer
    }

    private static func stored(_ actions: [ReceiverSession.Action]) -> [(PieceIndex, [UInt8])] {
        actions.compactMap { action in
            guard case .work(.storeListing(let piece, let buffer)) = action else { return nil }
            return (piece, Array(buffer.bytes))
        }
    }

    @Test("the sender has it read behind its offer, where both can")
    func sender() {
        var session = SenderSession(offering: Self.offer, sendsListingAhead: true)
        let actions = session.drain()
        #expect(actions.compactMap(\.message) == [.offer(Self.offer)])
        guard case .work(.listingAhead(pieces: 2))? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        var generator = SeededGenerator(seed: 1)
        let object = generator.bytes(100_000)
        session.receive(.listingAhead(ObjectBuffer(copying: object)))
        let parts = session.drain().compactMap { action -> [UInt8]? in
            guard case .listing(let bytes)? = action.message else { return nil }
            return bytes
        }
        #expect(parts.flatMap { $0 } == object)
        #expect(parts.allSatisfy { (1...65_535).contains($0.count) })
    }

    @Test("no more than four pieces go unasked; the receiver asks for those behind")
    func longListing() {
        var sender = SenderSession(offering: Self.offer(pieces: 9), sendsListingAhead: true)
        guard case .work(.listingAhead(pieces: 4))? = sender.drain().last else {
            Issue.record("not four pieces")
            return
        }
        var receiver = ReceiverSession(takesListingAhead: true)
        receiver.receive(.offer(Self.offer(pieces: 9)))
        let requests = receiver.drain().compactMap { action -> PieceRequest? in
            guard case .request(let request)? = action.message else { return nil }
            return request
        }
        #expect(requests.first?.firstObject == ObjectID(rawValue: 0))
        #expect(requests.first?.piece == PieceIndex(4))
        #expect(requests.reduce(0) { $0 + $1.count } == 5)
    }

    @Test(
        "the receiver puts it together however it is cut, and asks for none of it",
        arguments: 1...20)
    func receiver(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = generator.bytes(Self.objectBytes)
        var session = ReceiverSession(takesListingAhead: true)
        session.receive(.offer(Self.offer))
        #expect(session.drain().allSatisfy { $0.message == nil })
        var rest = bytes[...]
        var stored: [(PieceIndex, [UInt8])] = []
        while !rest.isEmpty {
            let part = rest.prefix(1 + Int(generator.next() % 65_535))
            rest = rest.dropFirst(part.count)
            session.receive(.listing(Array(part)))
            stored += Self.stored(session.drain())
        }
        #expect(stored.map(\.0) == [PieceIndex(0), PieceIndex(1)])
        #expect(stored.flatMap(\.1) == bytes)
        #expect(!session.isOver)
        session.receive(.listing([0]))
        #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
    }

    @Test(
        "a listing that was not agreed on, or comes before the offer or after the claim, is a violation"
    )
    func unexpected() {
        var old = ReceiverSession()
        old.receive(.offer(Self.offer))
        let early = ReceiverSession(takesListingAhead: true)
        var late = ReceiverSession(takesListingAhead: true)
        late.receive(.offer(Self.offer))
        late.give(
            .listingReady(
                ListingSummary(
                    totals: Self.offer.totals, freeSpace: .max, conflicts: [], conflictCount: 0)))
        late.accept()
        for var session in [old, early, late] {
            session.receive(.listing([0]))
            #expect(session.drain().contains { $0.isViolation(.unexpectedMessage) })
        }
        var sender = SenderSession(offering: Self.offer, sendsListingAhead: true)
        sender.receive(ControlMessage.listing([0]))
        #expect(sender.drain().contains { $0.isViolation(.unexpectedMessage) })
    }

    @Test("the message carries at least a byte, and comes back as it went")
    func message() throws {
        let message = ControlMessage.listing(Array(repeating: 7, count: 65_535))
        var framer = ControlMessageFramer()
        framer.buffer = message.encoded
        #expect(try framer.next() == message)
        #expect(throws: TransferViolation.malformedMessage) {
            try [UInt8(0x10)].withUnsafeBytes { try ControlMessage(body: $0) }
        }
    }
}
