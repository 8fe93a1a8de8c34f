import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftPeople

@Suite("A receipt between two ends")
struct ReceiptExchangeTests {
    private static func device(_ seed: UInt64) -> DeviceKeyPair {
        var entropy = SeededEntropy(seed: seed)
        return DeviceKeyPair.generate(entropy: &entropy)
    }

    private let sender = device(1)
    private let receiver = device(2)
    private let content = AuditEntry.Content(length: 9, root: LogHash.empty)
    private let witness: ReceiptWitness

    init() throws {
        witness = ReceiptWitness(
            transfer: try #require(TransferID([UInt8](repeating: 3, count: 16))),
            log: try Self.head(4), former: nil)
    }

    private static func head(_ byte: UInt8) throws -> LogHead {
        LogHead(
            log: try #require(LogID([UInt8](repeating: byte, count: 16))), size: UInt64(byte),
            root: LogHash.empty)
    }

    private func statement() throws -> ReceiptStatement {
        ReceiptStatement(
            transfer: witness.transfer, content: content, files: 2, verification: .memory,
            time: WallTime(secondsSince1970: 1_795_000_000), sender: sender.publicKeys,
            receiver: receiver.publicKeys, senderLog: witness.log, receiverLog: try Self.head(5))
    }

    private func proposal(
        _ change: (inout ReceiptStatement) throws -> Void = { _ in }
    ) throws -> ReceiptProposal {
        var statement = try statement()
        try change(&statement)
        let signer = statement.receiver == receiver.publicKeys ? receiver : Self.device(3)
        let signature = try #require(
            Receipt.signature(of: statement, as: .receiver, by: signer))
        return try #require(ReceiptProposal(statement, signature: signature, former: nil))
    }

    private func countersigned(_ proposal: ReceiptProposal) -> Receipt? {
        proposal.countersigned(
            by: sender, for: receiver.publicKeys, witness, content: content, files: 2)
    }

    @Test("is given for exactly what was confirmed, and for nothing else")
    func exact() throws {
        let receipt = try #require(countersigned(try proposal()))
        #expect(receipt.isBetween(receiver.publicKeys, and: sender.publicKeys))
        #expect(
            Receipt(
                receipt.statement, sender: receipt.senderSignature,
                receiver: receipt.receiverSignature) == receipt)
        #expect(countersigned(try proposal { $0.files = 3 }) == nil)
        #expect(countersigned(try proposal { $0.content.length = 10 }) == nil)
        #expect(countersigned(try proposal { $0.content.root = .zero }) == nil)
        #expect(countersigned(try proposal { $0.senderLog = try Self.head(6) }) == nil)
        #expect(
            countersigned(
                try proposal {
                    $0.transfer = try #require(TransferID([UInt8](repeating: 7, count: 16)))
                }) == nil)
        #expect(countersigned(try proposal { $0.receiver = Self.device(3).publicKeys }) == nil)
        var forged = try proposal()
        forged.signature[5] ^= 1
        #expect(countersigned(forged) == nil)
        // A receipt of others bears no witness between these two.
        #expect(!receipt.isBetween(sender.publicKeys, and: Self.device(3).publicKeys))
    }

    @Test(
        "is read as it was written, with a former one or without, and never with a byte more or less"
    )
    func coding() throws {
        let former = try #require(countersigned(try proposal()))
        for former in [nil, former] {
            var witness = witness
            witness.former = former
            #expect(ReceiptWitness(encoded: witness.encoded) == witness)
            var proposal = try proposal()
            proposal.former = former
            #expect(ReceiptProposal(encoded: proposal.encoded) == proposal)
            for bytes in [witness.encoded, proposal.encoded] {
                for wrong in [Array(bytes.dropLast()), bytes + [0], []] {
                    #expect(ReceiptWitness(encoded: wrong) == nil)
                    #expect(ReceiptProposal(encoded: wrong) == nil)
                }
            }
        }
        var bytes = ReceiptWitness(transfer: witness.transfer, log: witness.log, former: former)
            .encoded
        bytes[bytes.count - 3] ^= 1
        #expect(ReceiptWitness(encoded: bytes) == nil)
    }
}
