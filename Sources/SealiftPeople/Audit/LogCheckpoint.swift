public import SealiftBase
public import SealiftCrypto

/// A device's word that its log stood so at a time (`docs/PROTOCOL.md` §12.2): whoever changes the
/// log afterwards needs the device's key to hide it, and whoever kept the checkpoint finds out even then.
public struct LogCheckpoint: Hashable, Sendable {
    /// The size of an encoding: 132 bytes.
    public static let byteCount = magic.count + LogHead.byteCount + 8 + signatureByteCount

    private static let magic = Array("SLH1".utf8)
    private static let signatureByteCount = 64
    private static let label = Array("sealift/1 log checkpoint".utf8)

    /// Where the log stood.
    public let head: LogHead
    /// When, by the device's own clock.
    public let time: WallTime
    /// Ed25519, 64 bytes, over label ‖ device id ‖ magic ‖ head ‖ time.
    public let signature: [UInt8]

    /// Signs `head` with the device's key; nil only if the library fails.
    public init?(_ head: LogHead, at time: WallTime, by device: DeviceKeyPair) {
        self.head = head
        self.time = time
        let message = Self.message(head, time, device.publicKeys.id)
        guard let signature = device.sign(message) else { return nil }
        self.signature = signature
    }

    /// Whether `device` signed it.
    public func isSigned(by device: DevicePublicKeys) -> Bool {
        device.isValidSignature(signature, of: Self.message(head, time, device.id))
    }

    /// `"SLH1"` ‖ head (56) ‖ time ‖ signature (64).
    public var encoded: [UInt8] { Self.body(head, time) + signature }

    /// Reads what ``encoded`` gave; nil for anything else. Nothing is trusted before
    /// ``isSigned(by:)``.
    public init?(encoded: [UInt8]) {
        guard encoded.count == Self.byteCount, encoded.starts(with: Self.magic) else { return nil }
        let read = encoded.withUnsafeBytes { bytes -> (LogHead, WallTime, [UInt8])? in
            var reader = ByteReader(bytes)
            guard (try? reader.readBytes(count: Self.magic.count)) != nil,
                let head = try? reader.readLogHead(), let time = try? reader.readUInt64()
            else { return nil }
            return (
                head, WallTime(secondsSince1970: Int64(bitPattern: time)),
                Array(reader.readRemaining())
            )
        }
        guard let read else { return nil }
        (head, time, signature) = read
    }

    private static func message(
        _ head: LogHead, _ time: WallTime, _ device: DeviceID
    ) -> [UInt8] {
        label + device.value.bytes + body(head, time)
    }

    private static func body(_ head: LogHead, _ time: WallTime) -> [UInt8] {
        var writer = ByteWriter(capacity: byteCount)
        writer.write(magic)
        writer.write(head)
        writer.write(UInt64(bitPattern: time.secondsSince1970))
        return writer.bytes
    }
}
