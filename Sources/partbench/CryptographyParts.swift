import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftTestSupport

/// Packets of a common size, sealed in one batch.
private enum Batch {
    static let packets = 64
    /// Bytes of frames in a packet.
    static let plaintext = 1_400
    static let datagram = plaintext + PacketProtection.overhead
    /// Below the limit of a generation (PROTOCOL §5.1), after which new keys are needed.
    static let mostPackets: UInt64 = 1 << 21

    static func protection() throws -> (near: PacketProtection, far: PacketProtection) {
        let pair = try SessionPair(seed: 1)
        return (
            PacketProtection(session: pair.initiator), PacketProtection(session: pair.responder)
        )
    }

    static func memory() -> UnsafeMutableRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: packets * datagram, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0x5A)
        return bytes
    }

    static func packet(
        _ index: Int, of bytes: UnsafeMutableRawBufferPointer
    ) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(
            rebasing: bytes[(index * datagram)..<((index + 1) * datagram)])
    }
}

/// Sealing packets of 1,400 bytes in place.
struct SealPart: Part {
    static let name = "seal"
    static let bytesPerRun = Batch.packets * Batch.plaintext
    static let packetsPerRun = Batch.packets

    private var protection: PacketProtection
    private var number: UInt64 = 0
    private let bytes = Batch.memory()

    init() throws { protection = try Batch.protection().near }

    mutating func prepare() throws {
        guard number >= Batch.mostPackets else { return }
        number = 0
        protection = try Batch.protection().near
    }

    mutating func run() throws {
        for index in 0..<Batch.packets {
            _ = try protection.seal(
                packetNumber: number, plaintextCount: Batch.plaintext,
                in: Batch.packet(index, of: bytes))
            number += 1
        }
    }
}

/// Opening packets of 1,400 bytes.
struct OpenPart: Part {
    static let name = "open"
    static let bytesPerRun = Batch.packets * Batch.plaintext
    static let packetsPerRun = Batch.packets

    private var protections: (near: PacketProtection, far: PacketProtection)
    private var number: UInt64 = 0
    private let bytes = Batch.memory()
    private let plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Batch.plaintext, alignment: 64)

    init() throws { protections = try Batch.protection() }

    mutating func prepare() throws {
        if number >= Batch.mostPackets {
            number = 0
            protections = try Batch.protection()
        }
        for index in 0..<Batch.packets {
            _ = try protections.near.seal(
                packetNumber: number, plaintextCount: Batch.plaintext,
                in: Batch.packet(index, of: bytes))
            number += 1
        }
    }

    mutating func run() throws {
        for index in 0..<Batch.packets {
            let datagram = UnsafeRawBufferPointer(Batch.packet(index, of: bytes))
            guard protections.far.open(datagram, into: plaintext, now: .zero) != nil else {
                throw PartFailure.refused("a packet did not open")
            }
        }
    }
}

/// Hashing one piece: sixteen blocks and the tree over them.
struct HashPart: Part {
    static let name = "hash"
    static let bytesPerRun = PieceGeometry.pieceSize
    static let packetsPerRun = 0

    private let piece = ObjectBuffer(count: PieceGeometry.pieceSize)
    private(set) var hash = Hash256.zero

    init() throws { piece.bytes.initializeMemory(as: UInt8.self, repeating: 0x5A) }

    mutating func prepare() throws {}

    mutating func run() throws {
        hash = PieceHasher.hash(UnsafeRawBufferPointer(piece.bytes), isOnlyPiece: false)
    }
}
