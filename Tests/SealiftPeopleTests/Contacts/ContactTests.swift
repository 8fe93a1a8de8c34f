import SealiftBase
import Testing

@testable import SealiftCrypto
@testable import SealiftPeople

@Suite("A contact")
struct ContactTests {
    private let me: Person
    private var bob: Person
    private let laptop: DeviceKeyPair
    private let author: ChainAuthor
    private let contact: Contact

    init() throws {
        me = try Person(1)
        bob = try Person(2)
        laptop = bob.device()
        author = try ChainAuthor(beginning: bob.root, with: laptop, time: someTime)
        contact = Contact(name: try ContactName("bob"), devices: author.view)
    }

    @Test("is unverified until the numbers were compared, and no wrong number verifies it")
    func verification() throws {
        var contact = contact
        #expect(!contact.isVerified)
        let number = contact.safetyNumber(with: me.identity)
        #expect(number == SafetyNumber(bob.identity, me.identity))
        let wrong = SafetyNumber(me.identity, try Person(3).identity).text
        for text in [wrong, "", String(number.text.dropLast()), number.text + "0"] {
            #expect(throws: ContactError.safetyNumberDiffers) {
                try contact.verify(safetyNumber: text, with: me.identity)
            }
        }
        #expect(!contact.isVerified)
        let typed = number.groups.joined(separator: "-")
        try contact.verify(safetyNumber: typed, with: me.identity)
        #expect(contact.verification == .verified(.safetyNumber))
    }

    @Test("whose identity changed is a hard stop that explains itself, and stays who it was")
    func identityChanged() throws {
        var contact = contact
        var mallory = try Person(66)
        let refusal = ContactError.identityChanged(pinned: bob.identity, offered: mallory.identity)
        #expect(throws: refusal) { try contact.confirm(mallory.identity) }
        try contact.confirm(bob.identity)
        let theirs = try ChainAuthor(
            beginning: mallory.root, with: mallory.device(), time: someTime)
        #expect(throws: refusal) { try contact.take(theirs.chain) }
        #expect(throws: refusal) {
            try contact.pairedAgain(
                as: mallory.identity, device: laptop.publicKeys.id, by: .code)
        }
        #expect(contact.identity == bob.identity)
        #expect(refusal.explanation.contains(mallory.identity.short.text))
        for error: ContactError in [
            refusal, .safetyNumberDiffers, .mustPairAgain, .deviceNotTheirs, .chain(.noOrigin),
            .chain(.fork(at: author.view.head.position)),
            .chain(.rollback(seen: author.view.head.position, offered: author.view.head.position)),
        ] {
            #expect(error.explanation.count > 40)
        }
    }

    @Test("is served by the devices that its chain vouches for, and by no others")
    func admission() throws {
        var (contact, author, person) = (contact, author, bob)
        let phone = person.device()
        #expect(contact.admission(of: laptop.publicKeys.id) == .serve)
        #expect(contact.admission(of: phone.publicKeys.id) == .silence(.unknownDevice))
        try author.add(bob.certificate(phone), time: someTime)
        try author.revoke(laptop.publicKeys.id, reason: .lost, time: someTime)
        _ = try contact.take(author.chain)
        #expect(contact.admission(of: phone.publicKeys.id) == .serve)
        #expect(contact.admission(of: laptop.publicKeys.id) == .silence(.endedDevice))
    }

    @Test("that is blocked, and one that never was, are the same silence")
    func blocking() throws {
        var book = ContactBook()
        var blocked = contact
        blocked.block()
        try book.add(blocked)
        let id = laptop.publicKeys.id
        #expect(book.admission(of: id, for: bob.identity) == .silence(.blocked))
        #expect(book.admission(of: id, for: me.identity) == .silence(.unknownDevice))
        blocked.unblock()
        try book.update(blocked)
        #expect(book.admission(of: id, for: bob.identity) == .serve)
    }

    @Test("that recovered is served nothing, and verified by nothing, until both paired again")
    func recovery() throws {
        var (contact, person) = (contact, bob)
        try contact.verify(
            safetyNumber: contact.safetyNumber(with: me.identity).text, with: me.identity)
        let phone = person.device()
        let recovered = try ChainAuthor(
            recovering: bob.root, with: phone, generation: 5, time: someTime)
        #expect(try contact.take(recovered.chain) == .recovered(from: 0))
        #expect(contact.verification == .mustPairAgain(generation: 5) && !contact.isVerified)
        for device in [laptop, phone] {
            #expect(contact.admission(of: device.publicKeys.id) == .silence(.mustPairAgain))
        }
        #expect(throws: ContactError.mustPairAgain) {
            try contact.verify(
                safetyNumber: contact.safetyNumber(with: me.identity).text, with: me.identity)
        }
        #expect(throws: ContactError.deviceNotTheirs) {
            try contact.pairedAgain(as: bob.identity, device: laptop.publicKeys.id, by: .code)
        }
        try contact.pairedAgain(as: bob.identity, device: phone.publicKeys.id, by: .code)
        #expect(contact.verification == .verified(.code))
        #expect(contact.admission(of: phone.publicKeys.id) == .serve)
    }

    @Test("with a chain that is refused is as it was")
    func refusedChain() throws {
        var (contact, longer) = (contact, author)
        try longer.revoke(laptop.publicKeys.id, reason: .lost, time: someTime)
        _ = try contact.take(longer.chain)
        #expect(throws: ContactError.self) { try contact.take(author.chain) }
        #expect(contact.devices.head == longer.view.head)
    }

    @Test("never has the name of another, nor one that looks like it")
    func names() throws {
        var book = ContactBook()
        try book.add(contact)
        let theirs = try ChainAuthor(
            beginning: Person(3).root, with: laptop, time: someTime
        ).view
        #expect(throws: ContactBookError.known) { try book.add(contact) }
        #expect(throws: ContactBookError.nameTaken) {
            try book.add(Contact(name: ContactName("bob"), devices: theirs))
        }
        for text in ["B0b", "ВОВ", "bo-b"] {
            #expect(throws: ContactBookError.looksLike(contact.name), "\(text)") {
                try book.add(Contact(name: ContactName(text), devices: theirs))
            }
        }
        try book.add(Contact(name: ContactName("carol"), devices: theirs))
        #expect(throws: ContactBookError.looksLike(contact.name)) {
            try book.rename(theirs.identity, to: ContactName("BOB"))
        }
        try book.rename(bob.identity, to: ContactName("Bob"))
        #expect(book.contact(named: "Bob")?.identity == bob.identity)
        #expect(book.contact(named: "bob") == nil && book.contact(named: "B0b") == nil)
        // An update does not smuggle in a name.
        var sly = try #require(book.contacts[theirs.identity])
        sly.rename(to: try ContactName("Bob"))
        try book.update(sly)
        #expect(book.contacts[theirs.identity]?.name.text == "carol")
        let removed = [book.remove(bob.identity), book.remove(bob.identity)]
        #expect(removed == [true, false])
        try book.rename(theirs.identity, to: ContactName("bob"))
    }
}

@Suite("What two contacts share")
struct PairTests {
    private func session(_ byte: UInt8) -> SessionSecrets {
        func secret(_ byte: UInt8) -> SecretBytes {
            SecretBytes(copying: [UInt8](repeating: byte, count: 32))
        }
        return SessionSecrets(
            NoiseKeys(
                initiatorToResponder: secret(1), responderToInitiator: secret(2),
                exporter: secret(byte), handshakeHash: [UInt8](repeating: byte, count: 32)))
    }

    @Test("is one key, whichever end computes it, for this session and these two identities only")
    func pairKey() throws {
        let ids = try [1, 2, 3].map { try Person($0).identity }
        func key(_ session: SessionSecrets, _ one: Int, _ other: Int) throws -> PairKey {
            try #require(PairKey.derive(from: session, [], between: ids[one], and: ids[other]))
        }
        let key01 = try key(session(7), 0, 1)
        #expect(try key01.opensTheSame(as: key(session(7), 1, 0)))
        #expect(try !key01.opensTheSame(as: key(session(8), 0, 1)))
        #expect(try !key01.opensTheSame(as: key(session(7), 0, 2)))
        #expect(PairKey.derive(from: session(7), [], between: ids[0], and: ids[0]) == nil)
        // The bytes of PROTOCOL §11.5.
        let lower = min(ids[0], ids[1]).value.bytes
        let higher = max(ids[0], ids[1]).value.bytes
        let seven = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        let expected = KeyDerivation.hkdf(
            seven, salt: seven,
            info: Array("sealift/1 export".utf8) + [4] + Array("pair".utf8) + lower + higher,
            count: 32)
        #expect(key01.encoded.constantTimeEquals(expected))
        #expect(key01.mailboxes == nil)
    }

    @Test("has mailboxes of days where both ends can, which its psk does not tell")
    func dailyMailboxes() throws {
        let ids = try [1, 2].map { try Person($0).identity }
        let daily = try #require(
            PairKey.derive(
                from: session(7), [.dailyMailboxes, .receipts], between: ids[0], and: ids[1]))
        let plain = try #require(
            PairKey.derive(from: session(7), .receipts, between: ids[1], and: ids[0]))
        #expect(daily.opensTheSame(as: plain) && plain.mailboxes == nil)
        // The bytes of PROTOCOL §11.5 and §11.9: key, day, key of the day.
        let lower = min(ids[0], ids[1]).value.bytes
        let higher = max(ids[0], ids[1]).value.bytes
        let seven = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        let first = KeyDerivation.hkdf(
            seven, salt: seven,
            info: Array("sealift/1 export".utf8) + [9] + Array("mailboxes".utf8) + lower + higher,
            count: 32)
        let kept =
            plain.encoded.withUnsafeBytes { Array($0) } + [0, 0, 0, 0, 0, 0, 0x4F, 0xE6]
            + first.withUnsafeBytes { Array($0) }
        #expect(daily.encoded.withUnsafeBytes { Array($0) } == kept)
        // What is kept is read again, and nothing else.
        let read = try #require(PairKey(encoded: daily.encoded))
        #expect(read.encoded.constantTimeEquals(daily.encoded))
        #expect(PairKey(encoded: plain.encoded)?.opensTheSame(as: plain) == true)
        for length in [0, 31, 33, 71, 73] {
            #expect(PairKey(encoded: SecretBytes(copying: (kept + [0]).prefix(length))) == nil)
        }
        // A contact moves the mailboxes and leaves the psk.
        let moved = try #require(daily.moved(byContactOn: 20_500))
        #expect(moved.opensTheSame(as: daily) && moved.mailboxes?.day == 20_493)
        #expect(plain.moved(byContactOn: 20_500) == nil)
        // Mailboxes of a key without a ratchet are those of the psk itself, as ever.
        let device = DeviceID(SHA256Digest.hash([1]))
        #expect(
            plain.mailboxes(dialing: device).secret(at: 480_000)
                .constantTimeEquals(plain.dialing(device).secret))
        #expect(
            !daily.mailboxes(dialing: device).secret(at: 490_896)
                .constantTimeEquals(daily.dialing(device).secret))
    }

    @Test("is a number of sixty digits, the same at both ends and no other pair's")
    func safetyNumber() throws {
        let ids = try [1, 2, 3].map { try Person($0).identity }
        let number = SafetyNumber(ids[0], ids[1])
        #expect(number == SafetyNumber(ids[1], ids[0]) && number != SafetyNumber(ids[0], ids[2]))
        #expect(number.groups.count == 12)
        #expect(number.groups.allSatisfy { $0.utf8.count == 5 && UInt32($0) != nil })
        #expect(number.matches(number.text) && number.matches(number.groups.joined()))
        let low = IdentityID(SHA256Digest.hash([1]))
        let high = IdentityID(SHA256Digest.hash([2]))
        #expect(SafetyNumber(low, high).text == expectedNumber)
    }

    /// Computed by Python's hashlib from the formula of PROTOCOL §11.5.
    private let expectedNumber =
        "22808 07480 55222 28457 61276 84740 88255 68040 36703 75376 03168 02441"
}

@Suite("An invitation")
struct InvitationTests {
    private func invitation(addresses count: Int = 2) throws -> Invitation {
        let made = try possibleInvitation(addresses: count)
        return try #require(made)
    }

    private func possibleInvitation(addresses count: Int) throws -> Invitation? {
        let addresses = (0..<count).compactMap {
            PeerAddress(bytes: [192, 0, 2, UInt8($0 + 1)], port: 4_242)
        }
        let key = try #require(PreSharedKey([UInt8](repeating: 9, count: 32)))
        var person = try Person(1)
        return Invitation(
            identity: person.identity, device: person.device().publicKeys.id.fingerprint,
            secret: key, expires: someTime, addresses: addresses)
    }

    @Test("is read as it was written, in any case and however it was wrapped")
    func roundTrip() throws {
        for count in [1, 2, 16] {
            let made = try invitation(addresses: count)
            let wrapped = made.text.uppercased().enumerated()
                .map { $0.offset.isMultiple(of: 40) ? "\n\($0.element)" : "\($0.element)" }.joined()
            for text in [made.text, wrapped] {
                let read = try Invitation(text: text)
                #expect(read.identity == made.identity && read.device == made.device)
                #expect(read.addresses == made.addresses && read.expires == made.expires)
                #expect(read.secret.secret.constantTimeEquals(made.secret.secret))
            }
        }
        #expect(try invitation().text.hasPrefix("sealiftpair1"))
        for count in [0, 17] { #expect(try possibleInvitation(addresses: count)?.text == nil) }
    }

    @Test("is found mistyped after any change, and is no ticket, nor a ticket one")
    func mistyped() throws {
        let letters = Array(try invitation().text)
        for index in letters.indices.dropFirst(12) {
            var text = letters
            text[index] = text[index] == "a" ? "b" : "a"
            #expect(throws: InvitationError.mistyped) { try Invitation(text: String(text)) }
        }
        #expect(throws: InvitationError.mistyped) {
            try Invitation(text: String(letters.dropLast()))
        }
        #expect(throws: InvitationError.notAnInvitation) { try Invitation(text: "sealift1abcd") }
        #expect(throws: InvitationError.notAnInvitation) { try Invitation(text: "") }
        #expect(throws: InvitationError.mistyped) {
            try Invitation(text: "sealiftpair1" + String(repeating: "a", count: 1_000_000))
        }
    }

    @Test("of another version, or with impossible values behind a right checksum, says which")
    func versions() throws {
        func text(_ body: [UInt8]) -> String {
            let sum = SHA256Digest.hash(Array("sealift/1 invitation".utf8) + body).bytes.prefix(4)
            return "sealiftpair1" + Base32.encode(body + sum)
        }
        #expect(throws: InvitationError.newerVersion) { try Invitation(text: text([2, 1, 2, 3])) }
        #expect(throws: InvitationError.malformed) { try Invitation(text: text([1, 1, 2, 3])) }
        let noAddress = [1] + [UInt8](repeating: 0, count: 32 + 16 + 32 + 8) + [0]
        #expect(throws: InvitationError.malformed) { try Invitation(text: text(noAddress)) }
    }

    @Test("prints nothing of what it holds")
    func unprintable() throws {
        let made = try invitation()
        var dumped = ""
        dump(made, to: &dumped)
        #expect("\(made)" == "<invitation>" && !dumped.contains("192"))
    }
}
