import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@Suite("A signed word about a log")
struct ReceiptTests {
    private static let (sender, receiver, stranger) = {
        var entropy = SeededEntropy(seed: 4)
        return (
            DeviceKeyPair.generate(entropy: &entropy), DeviceKeyPair.generate(entropy: &entropy),
            DeviceKeyPair.generate(entropy: &entropy)
        )
    }()

    private static func head(_ size: UInt64) throws -> LogHead {
        let log = try #require(LogID([UInt8](repeating: UInt8(size), count: 16)))
        return LogHead(log: log, size: size, root: LogHash.leaf([UInt8(size)]))
    }

    private static func statement() throws -> ReceiptStatement {
        let transfer = try #require(TransferID([UInt8](repeating: 9, count: 16)))
        return ReceiptStatement(
            transfer: transfer,
            content: AuditEntry.Content(length: 1 << 40, root: LogHash.leaf([1])), files: 3,
            verification: .disk, time: WallTime(secondsSince1970: 1_790_000_000),
            sender: sender.publicKeys, receiver: receiver.publicKeys, senderLog: try head(5),
            receiverLog: try head(8))
    }

    @Test("is a checkpoint: only the device's own, over exactly these bytes, counts")
    func checkpoint() throws {
        let head = try Self.head(5)
        let checkpoint = try #require(
            LogCheckpoint(head, at: WallTime(secondsSince1970: 77), by: Self.sender))
        #expect(checkpoint.isSigned(by: Self.sender.publicKeys))
        #expect(!checkpoint.isSigned(by: Self.receiver.publicKeys))
        let bytes = checkpoint.encoded
        #expect(bytes.count == LogCheckpoint.byteCount)
        #expect(LogCheckpoint(encoded: bytes) == checkpoint)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let read = LogCheckpoint(encoded: changed)
            #expect(read?.isSigned(by: Self.sender.publicKeys) != true, "byte \(index)")
        }
        #expect(LogCheckpoint(encoded: Array(bytes.dropLast())) == nil)
        #expect(LogCheckpoint(encoded: bytes + [0]) == nil)
    }

    @Test("is a receipt: it needs both ends, each in its own part")
    func receipt() throws {
        let statement = try Self.statement()
        let sender = try #require(
            Receipt.signature(of: statement, as: .sender, by: Self.sender))
        let receiver = try #require(
            Receipt.signature(of: statement, as: .receiver, by: Self.receiver))
        let receipt = try #require(Receipt(statement, sender: sender, receiver: receiver))
        #expect(receipt.encoded.count == Receipt.byteCount)
        #expect(Receipt(encoded: receipt.encoded) == receipt)

        #expect(Receipt(statement, sender: receiver, receiver: sender) == nil)
        #expect(Receipt(statement, sender: sender, receiver: sender) == nil)
        #expect(Receipt.signature(of: statement, as: .sender, by: Self.stranger) == nil)
        #expect(Receipt.signature(of: statement, as: .receiver, by: Self.sender) == nil)
        let foreign = try #require(Self.stranger.sign(statementBytes(receipt)))
        #expect(Receipt(statement, sender: foreign, receiver: receiver) == nil)
    }

    @Test("is a receipt that holds in every byte")
    func tampered() throws {
        let statement = try Self.statement()
        let bytes = try #require(
            Receipt(
                statement,
                sender: Receipt.signature(of: statement, as: .sender, by: Self.sender) ?? [],
                receiver: Receipt.signature(of: statement, as: .receiver, by: Self.receiver) ?? []
            )
        ).encoded
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(Receipt(encoded: changed) == nil, "byte \(index)")
        }
        #expect(Receipt(encoded: Array(bytes.dropLast())) == nil)
        #expect(Receipt(encoded: bytes + [0]) == nil)
    }

    @Test("is no receipt where a device gives to itself: one signature would stand for both")
    func selfMade() throws {
        var statement = try Self.statement()
        statement.receiver = statement.sender
        let sender = Receipt.signature(of: statement, as: .sender, by: Self.sender) ?? []
        let receiver = Receipt.signature(of: statement, as: .receiver, by: Self.sender) ?? []
        #expect(Receipt(statement, sender: sender, receiver: receiver) == nil)
    }

    private func statementBytes(_ receipt: Receipt) -> [UInt8] {
        Array(receipt.encoded.dropLast(128))
    }
}
