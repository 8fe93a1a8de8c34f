import SealiftBase
import SealiftCrypto
import SealiftPeople
import SealiftTransfer
import Testing

@Suite("What entitles to delete a checkpoint")
struct DeletionProofTests {
    private static let devices: [DeviceKeyPair] = {
        var entropy = SeededEntropy(seed: 11)
        return (0..<4).map { _ in DeviceKeyPair.generate(entropy: &entropy) }
    }()

    private static func receipt(
        from sender: Int = 0, to receiver: Int, content: UInt8 = 1, files: UInt64 = 2
    ) throws -> Receipt {
        let log = try #require(LogID([UInt8](repeating: 3, count: 16)))
        let head = LogHead(log: log, size: 4, root: LogHash.leaf([4]))
        let transfer = try #require(TransferID([UInt8](repeating: UInt8(receiver), count: 16)))
        let statement = ReceiptStatement(
            transfer: transfer,
            content: AuditEntry.Content(length: 99, root: LogHash.leaf([content])), files: files,
            verification: .memory, time: WallTime(secondsSince1970: 1_790_000_000),
            sender: devices[sender].publicKeys, receiver: devices[receiver].publicKeys,
            senderLog: head, receiverLog: head)
        let given = try #require(
            Receipt.signature(of: statement, as: .sender, by: devices[sender]))
        let taken = try #require(
            Receipt.signature(of: statement, as: .receiver, by: devices[receiver]))
        return try #require(Receipt(statement, sender: given, receiver: taken))
    }

    @Test("is a receipt of every contact, of this device, for one and the same content")
    func proof() throws {
        let own = Self.devices[0].publicKeys
        let (first, second) = (try Self.receipt(to: 1), try Self.receipt(to: 2))
        let proof = try #require(DeletionProof([first, second], givenBy: own))
        #expect(proof.content == first.statement.content)
        #expect(proof.peer == Self.devices[1].publicKeys.id)
        #expect(proof.transfer == first.statement.transfer)
        #expect(DeletionProof([], givenBy: own) == nil)
        #expect(DeletionProof([first, nil], givenBy: own) == nil)
        #expect(DeletionProof([nil, second], givenBy: own) == nil)
        // For other content, fewer files, or what another device gave.
        let other = try Self.receipt(to: 2, content: 7)
        #expect(DeletionProof([first, other], givenBy: own) == nil)
        let fewer = try Self.receipt(to: 2, files: 1)
        #expect(DeletionProof([first, fewer], givenBy: own) == nil)
        let foreign = try Self.receipt(from: 3, to: 2)
        #expect(DeletionProof([foreign], givenBy: own) == nil)
        #expect(DeletionProof([first], givenBy: Self.devices[1].publicKeys) == nil)
    }
}
