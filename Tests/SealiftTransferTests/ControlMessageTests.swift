import SealiftBase
import SealiftContent
import SealiftTestSupport
import SealiftTransport
import Testing

@testable import SealiftTransfer

@Suite("Control messages")
struct ControlMessageTests {
    static let root = SHA256Root.sample

    static let samples: [ControlMessage] = [
        .offer(
            Offer(
                claim: .yours, listing: ContentID(length: 77, root: root),
                totals: ListingTotals(entries: 9, files: 7, bytes: 1 << 40, dataBytes: 3))),
        .refuse(.expired), .claim, .claimed,
        .request(
            PieceRequest(
                firstObject: ObjectID(rawValue: 5), file: FileIndex(6),
                piece: PieceIndex(7), count: 65_536)),
        .hashRequest(
            HashRequest(
                object: ObjectID(rawValue: 1), file: FileIndex(2),
                firstPiece: PieceIndex(1 << 33), count: 8_192)),
        .skip(first: FileIndex(3), count: 12),
        .zero(first: ObjectID(rawValue: 9), count: 1),
        .fileRoot(FileIndex(4), root), .fileFailed(FileIndex(4), .changed),
        .complete(Completion(root: root, files: 3, bytes: 99)), .confirm(root),
    ]

    @Test("every message comes back as it went, whole or cut anywhere", arguments: samples)
    func roundTrip(message: ControlMessage) throws {
        let bytes = message.encoded
        for cut in 0...bytes.count {
            var framer = ControlMessageFramer()
            framer.buffer += bytes[..<cut]
            if cut < bytes.count { #expect(try framer.next() == nil) }
            framer.buffer += bytes[cut...]
            #expect(try framer.next() == message)
            #expect(try framer.next() == nil)
        }
    }

    @Test("many messages in one read come out in order")
    func stream() throws {
        var framer = ControlMessageFramer()
        framer.buffer = Self.samples.flatMap(\.encoded)
        var seen: [ControlMessage] = []
        while let message = try framer.next() { seen.append(message) }
        #expect(seen == Self.samples)
        #expect(framer.buffer.isEmpty)
    }

    @Test("a body with a byte too many or too few is refused", arguments: samples)
    func lengths(message: ControlMessage) {
        var reader = message.encoded[...]
        reader = reader.dropFirst(reader[0] >> 6 == 0 ? 1 : 2)
        for body in [Array(reader) + [0], Array(reader.dropLast())] {
            #expect(throws: TransferViolation.malformedMessage) {
                try body.withUnsafeBytes { try ControlMessage(body: $0) }
            }
        }
    }

    @Test("a message longer than 65,536 bytes is refused before it arrives")
    func tooLong() {
        var framer = ControlMessageFramer()
        var writer = ByteWriter()
        writer.writeVariableLengthInteger(65_537)
        framer.buffer = writer.bytes
        #expect(throws: TransferViolation.malformedMessage) { try framer.next() }
    }

    @Test("random bytes never trap and never grow the buffer", arguments: 0..<200)
    func randomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var framer = ControlMessageFramer()
        for _ in 0..<50 {
            framer.buffer += generator.bytes(Int(generator.next() % 64))
            do { while try framer.next() != nil {} } catch { return }
            #expect(framer.buffer.count <= ControlMessageFramer.maximumMessageLength + 64 + 4)
        }
    }
}

enum SHA256Root {
    static let sample = Hash256((0..<32).map { UInt8($0) }) ?? .zero
}
