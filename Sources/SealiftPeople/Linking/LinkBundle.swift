internal import SealiftBase
public import SealiftCrypto

/// What a device gives to a new one of the same user: the chain that has it, and whom the user knows. No
/// secret of the giver is in it (`docs/PROTOCOL.md` §11.13).
///
///     u8 version ‖ varint ‖ chain
///     ‖ varint (≤ 4,096) ‖ as many: device 32 ‖ varint (1 to 64) ‖ name
///     ‖ varint (≤ 10,000) ‖ as many:
///         u8 verification ‖ u8 blocked ‖ varint (1 to 64) ‖ name ‖ varint ‖ chain
///         ‖ varint (≤ 64) ‖ as many: device 32
public struct LinkBundle: Sendable {
    /// Somebody whom the user knows.
    public struct KnownContact: Sendable {
        /// As the giver has it.
        public let contact: Contact
        /// The contact's chain, whole.
        public let chain: DeviceChain
        /// The devices of the contact that the giver shares a key with: to these it introduces the new one.
        public let reachable: [DeviceID]

        /// Names a contact.
        public init(contact: Contact, chain: DeviceChain, reachable: [DeviceID]) {
            self.contact = contact
            self.chain = chain
            self.reachable = reachable
        }
    }

    static let version: UInt8 = 1
    /// The longest bundle: ten thousand contacts with a few devices each, or one with all that it may have had.
    public static let maximumByteCount = 134_217_728

    /// The user's own chain, whole.
    public let chain: DeviceChain
    /// What the user calls his devices.
    public let names: [DeviceID: ContactName]
    /// Everybody whom the user knows.
    public let contacts: [KnownContact]

    /// Joins a bundle.
    public init(
        chain: DeviceChain, names: [DeviceID: ContactName], contacts: [KnownContact]
    ) {
        self.chain = chain
        self.names = names
        self.contacts = contacts
    }

    /// The bytes of the table above; nil where there are more than ``maximumByteCount``.
    public var encoded: [UInt8]? {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.writeLengthPrefixed(chain.encoded)
        let named = names.sorted { $0.key.value < $1.key.value }
        writer.writeVariableLengthInteger(UInt64(named.count))
        for (device, name) in named {
            writer.write(device.value)
            writer.writeLengthPrefixed(Array(name.text.utf8))
        }
        writer.writeVariableLengthInteger(UInt64(contacts.count))
        for known in contacts {
            writer.write(known.contact.verification.number)
            writer.write(known.contact.isBlocked ? 1 : 0 as UInt8)
            writer.writeLengthPrefixed(Array(known.contact.name.text.utf8))
            writer.writeLengthPrefixed(known.chain.encoded)
            writer.writeVariableLengthInteger(UInt64(known.reachable.count))
            for device in known.reachable { writer.write(device.value) }
            guard writer.count <= Self.maximumByteCount else { return nil }
        }
        return writer.bytes
    }

    /// Reads ``encoded`` and verifies the chain of every contact; nil where a bound is broken, bytes are
    /// missing or left over, a chain is refused, or two contacts cannot be told apart. The user's own chain is
    /// judged by who knows what it has to follow.
    public init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.maximumByteCount else { return nil }
        var reader = ByteReader(bytes)
        do {
            guard try reader.readUInt8() == Self.version else { return nil }
            chain = try Self.readChain(&reader)
            names = try Self.readNames(&reader)
            contacts = try Self.readContacts(&reader)
        } catch {
            return nil
        }
        guard reader.isAtEnd else { return nil }
    }

    private static func readChain(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> DeviceChain {
        let bytes = try reader.readLengthPrefixedBytes(atMost: DeviceChain.maximumByteCount)
        guard let chain = DeviceChain(decoding: bytes) else { throw .outOfBounds }
        return chain
    }

    private static func readName(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> ContactName {
        let bytes = Array(
            try reader.readLengthPrefixedBytes(atMost: ContactName.maximumByteCount))
        guard let text = String(validating: bytes, as: UTF8.self),
            let name = try? ContactName(text)
        else { throw .outOfBounds }
        return name
    }

    private static func readNames(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> [DeviceID: ContactName] {
        let count = try reader.readVariableLengthInteger(
            atMost: UInt64(DeviceChain.maximumEntryCount))
        var names: [DeviceID: ContactName] = [:]
        for _ in 0..<count {
            let device = DeviceID(try reader.readHash())
            names[device] = try readName(&reader)
        }
        return names
    }

    private static func readContacts(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> [KnownContact] {
        let count = try reader.readVariableLengthInteger(atMost: UInt64(ContactBook.maximumCount))
        var book = ContactBook()
        var contacts: [KnownContact] = []
        for _ in 0..<count {
            let known = try readContact(&reader)
            guard (try? book.add(known.contact)) != nil else { throw .outOfBounds }
            contacts.append(known)
        }
        return contacts
    }

    private static func readContact(
        _ reader: inout ByteReader
    ) throws(ByteReader.Failure) -> KnownContact {
        let number = try reader.readUInt8()
        let blocked = try reader.readUInt8()
        let name = try readName(&reader)
        let chain = try readChain(&reader)
        // A `DeviceChain` has at least one entry.
        guard blocked <= 1,
            let devices = try? ChainView(verifying: chain, of: chain.entries[0].identity),
            let verification = Contact.Verification(
                number: number, generation: devices.head.position.generation)
        else { throw .outOfBounds }
        let count = try reader.readVariableLengthInteger(
            atMost: UInt64(DeviceChain.maximumDeviceCount))
        var reachable: [DeviceID] = []
        for _ in 0..<count {
            let device = DeviceID(try reader.readHash())
            guard devices.isActive(device) else { throw .outOfBounds }
            reachable.append(device)
        }
        return KnownContact(
            contact: Contact(
                name: name, devices: devices, verification: verification, isBlocked: blocked == 1),
            chain: chain, reachable: reachable)
    }
}

extension Contact.Verification {
    private static let mustPairAgainNumber: UInt8 = 4

    /// 0 unverified, 1 to 3 by what evidence, 4 must pair again: in the generation of the chain
    /// (`docs/PROTOCOL.md` §11.9).
    public var number: UInt8 {
        switch self {
        case .unverified: 0
        case .verified(let evidence): evidence.rawValue
        case .mustPairAgain: Self.mustPairAgainNumber
        }
    }

    /// Reads ``number``; nil for another.
    public init?(number: UInt8, generation: UInt64) {
        switch number {
        case 0: self = .unverified
        case Self.mustPairAgainNumber: self = .mustPairAgain(generation: generation)
        default:
            guard let evidence = Contact.Evidence(rawValue: number) else { return nil }
            self = .verified(evidence)
        }
    }
}
