import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftPeople
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("A session that gives a receipt")
struct ReceiptSessionTests {
    private let completion = Completion(root: LogHash.empty, files: 1, bytes: 3)
    private let witness: ReceiptWitness

    init() throws {
        witness = ReceiptWitness(
            transfer: try #require(TransferID([UInt8](repeating: 3, count: 16))),
            log: LogHead(
                log: try #require(LogID([UInt8](repeating: 4, count: 16))), size: 1,
                root: LogHash.empty), former: nil)
    }

    private func proposal() throws -> ReceiptProposal {
        var entropy = SeededEntropy(seed: 1)
        let (one, other) = (
            DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy)
        )
        let statement = ReceiptStatement(
            transfer: witness.transfer,
            content: AuditEntry.Content(length: completion.bytes, root: completion.root),
            files: completion.files, verification: .memory, time: WallTime(secondsSince1970: 1),
            sender: one.publicKeys, receiver: other.publicKeys, senderLog: witness.log,
            receiverLog: witness.log)
        return try #require(
            ReceiptProposal(
                statement, signature: [UInt8](repeating: 1, count: 64), former: nil))
    }

    /// A sender that has just confirmed.
    private func sender(givesReceipt: Bool = true) -> SenderSession {
        var session = SenderSession(
            offering: Offer(
                claim: .unclaimed, listing: ContentID(length: 4, root: LogHash.empty),
                totals: ListingTotals(entries: 1, files: 1, bytes: 3, dataBytes: 3)),
            givesReceipt: givesReceipt)
        session.receive(.claim)
        session.claimDecided(nil)
        session.receive(.complete(completion))
        session.receive(.manifest(completion))
        while session.pollAction() != nil {}
        return session
    }

    private func actions(_ session: inout SenderSession) -> [SenderSession.Action] {
        var found: [SenderSession.Action] = []
        while let action = session.pollAction() { found.append(action) }
        return found
    }

    @Test("says its part, hands one proposal on, and signs once")
    func senderSide() throws {
        var session = sender()
        session.witness(witness)
        guard case .send(.witness(witness))? = actions(&session).first else {
            Issue.record("a witness is sent")
            return
        }
        let proposal = try proposal()
        session.receive(.proposal(proposal))
        session.receive(.proposal(proposal))
        let found = actions(&session)
        #expect(found.count == 1)
        guard case .report(.proposed(proposal))? = found.first else {
            Issue.record("a proposal is reported")
            return
        }
        session.countersign([7])
        guard case .send(.countersignature([7]))? = actions(&session).first else {
            Issue.record("a signature is sent")
            return
        }
    }

    @Test("ends complete, whatever the other end says instead of a receipt")
    func nonsense() throws {
        for message in [
            ControlMessage.claim, .complete(completion), .witness(witness),
            .countersignature([UInt8](repeating: 0, count: 64)), .confirm(.zero),
        ] {
            var session = sender()
            session.receive(message)
            #expect(actions(&session).isEmpty)
        }
        // An end that gives none says and hears nothing of it.
        var older = sender(givesReceipt: false)
        older.witness(witness)
        older.receive(.proposal(try proposal()))
        older.countersign([7])
        #expect(actions(&older).isEmpty)
    }
}
