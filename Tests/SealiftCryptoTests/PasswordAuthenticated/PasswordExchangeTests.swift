import SealiftBase
import Testing

@testable import SealiftCrypto

@Suite("CPace over ristretto255")
struct PasswordExchangeTests {
    private let channel = Array("both ends know where they meet".utf8)
    private let sessionID = [UInt8](repeating: 7, count: 16)

    private func run(
        _ side: PasswordExchangeSide, password: String = "copper-orbit-tiger",
        channel: [UInt8]? = nil, sessionID: [UInt8]? = nil, data: [UInt8] = [], seed: UInt64
    ) -> PasswordExchange {
        var entropy = SeededEntropy(seed: seed)
        return PasswordExchange(
            side: side, password: SecretBytes(copying: password.utf8),
            channel: channel ?? self.channel, sessionID: sessionID ?? self.sessionID,
            associatedData: data, entropy: &entropy)
    }

    /// Whether both ends accept each other's confirmation; and then their keys are equal.
    private func agree(
        _ initiator: PasswordExchange, _ responder: PasswordExchange,
        initiatorData: [UInt8] = [], responderData: [UInt8] = []
    ) throws -> Bool {
        let first = try initiator.agree(
            peerShare: responder.share, peerAssociatedData: responderData)
        let second = try responder.agree(
            peerShare: initiator.share, peerAssociatedData: initiatorData)
        let isFirstConvinced = (try? first.verify(second.confirmation)) != nil
        let isSecondConvinced = (try? second.verify(first.confirmation)) != nil
        #expect(isFirstConvinced == isSecondConvinced)
        let keys = [first, second].map { $0.derivedKey(label: "test").revealed }
        #expect((keys[0] == keys[1]) == isFirstConvinced)
        return isFirstConvinced
    }

    @Test("two ends with one password arrive at one key")
    func samePassword() throws {
        #expect(try agree(run(.initiator, seed: 1), run(.responder, seed: 2)))
    }

    @Test("any difference in password, channel, session id, role or associated data ends it")
    func differences() throws {
        let responder = run(.responder, seed: 2)
        #expect(
            try !agree(run(.initiator, password: "copper-orbit-tigers", seed: 1), responder))
        #expect(try !agree(run(.initiator, channel: channel + [0], seed: 1), responder))
        #expect(try !agree(run(.initiator, sessionID: [], seed: 1), responder))
        #expect(try !agree(run(.responder, seed: 1), responder))
        #expect(
            try agree(run(.initiator, data: [1], seed: 1), responder, initiatorData: [1]))
        #expect(
            try !agree(run(.initiator, data: [1], seed: 1), responder, initiatorData: [2]))
    }

    @Test("a share that is no element, or the neutral one, is refused")
    func unacceptableShares() throws {
        let initiator = run(.initiator, seed: 1)
        let neutral = [UInt8](repeating: 0, count: 32)
        // Not canonical, negative, and not on the curve: RFC 9496 A.2.
        let refused = [
            neutral, [], [UInt8](repeating: 0xFF, count: 32), neutral + [0],
            hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            hex("0100000000000000000000000000000000000000000000000000000000000000"),
            hex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
        ]
        for share in refused {
            #expect(throws: PasswordExchangeError.unacceptableShare) {
                try initiator.agree(peerShare: share)
            }
        }
    }

    @Test("an end does not take its own messages, come back, for its peer's")
    func reflection() throws {
        let initiator = run(.initiator, seed: 1)
        let agreement = try initiator.agree(peerShare: initiator.share)
        #expect(throws: PasswordExchangeError.wrongConfirmation) {
            try agreement.verify(agreement.confirmation)
        }
    }

    @Test("a confirmation altered at any bit or cut is refused")
    func alteredConfirmation() throws {
        let initiator = run(.initiator, seed: 1)
        let responder = run(.responder, seed: 2)
        let ours = try initiator.agree(peerShare: responder.share)
        let theirs = try responder.agree(peerShare: initiator.share)
        for bit in 0..<(PasswordAgreement.confirmationByteCount * 8) {
            var altered = theirs.confirmation
            altered[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: PasswordExchangeError.wrongConfirmation) { try ours.verify(altered) }
        }
        #expect(throws: PasswordExchangeError.wrongConfirmation) {
            try ours.verify(Array(theirs.confirmation.dropLast()))
        }
    }

    @Test("nothing that holds a secret prints it")
    func unprintable() throws {
        let initiator = run(.initiator, seed: 1)
        let agreement = try initiator.agree(peerShare: run(.responder, seed: 2).share)
        var shown = "\(initiator) \(agreement) "
        dump(initiator, to: &shown)
        dump(agreement, to: &shown)
        #expect(!shown.contains("["))
    }

    @Test("lengths are written as LEB128")
    func lengthPrefix() {
        #expect(LengthValueHash.lengthPrefix(0) == [0])
        #expect(LengthValueHash.lengthPrefix(127) == [0x7F])
        #expect(LengthValueHash.lengthPrefix(128) == [0x80, 0x01])
        #expect(LengthValueHash.lengthPrefix(300) == [0xAC, 0x02])
    }

    // MARK: The draft's vectors

    private struct File: Decodable {
        let G_Coffee25519: Run
        let G_Coffee25519_points: Points
    }

    private struct Run: Decodable {
        let PRS, CI, sid, g, ya, ADa, Ya, yb, ADb, Yb, K, ISK_IR: String
    }

    private struct Points: Decodable {
        struct Valid: Decodable {
            let s, X: String
            let result: String

            enum CodingKeys: String, CodingKey {
                case s, X
                case result = "G.scalar_mult_vfy(s,X)"
            }
        }

        let valid: Valid
        let invalid1, invalid2: String

        enum CodingKeys: String, CodingKey {
            case valid = "Valid"
            case invalid1 = "Invalid Y1"
            case invalid2 = "Invalid Y2"
        }
    }

    @Test(
        "every vector of the draft for this group: generator, shares and key of both ends",
        .enabled(if: Vectors.has("cpace.json"), "\(Vectors.absence)"))
    func draftVectors() throws {
        let file = try Vectors.load("cpace.json", as: File.self)
        let vector = file.G_Coffee25519
        let generator = PasswordExchange.generator(
            password: SecretBytes(copying: hex(vector.PRS)), channel: hex(vector.CI),
            sessionID: hex(vector.sid))
        #expect(generator.revealed == hex(vector.g))
        func side(
            _ side: PasswordExchangeSide, _ scalar: String, _ data: String
        ) throws -> PasswordExchange {
            try #require(
                PasswordExchange(
                    side: side, generator: generator, scalar: SecretBytes(copying: hex(scalar)),
                    sessionID: hex(vector.sid), associatedData: hex(data)))
        }
        let initiator = try side(.initiator, vector.ya, vector.ADa)
        let responder = try side(.responder, vector.yb, vector.ADb)
        #expect(initiator.share == hex(vector.Ya))
        #expect(responder.share == hex(vector.Yb))
        let first = try initiator.agree(
            peerShare: responder.share, peerAssociatedData: hex(vector.ADb))
        let second = try responder.agree(
            peerShare: initiator.share, peerAssociatedData: hex(vector.ADa))
        #expect(first.key.revealed == hex(vector.ISK_IR))
        #expect(second.key.revealed == hex(vector.ISK_IR))

        let points = file.G_Coffee25519_points
        let scalar = SecretBytes(copying: hex(points.valid.s))
        func product(_ point: String) -> [UInt8]? {
            hex(point).withUnsafeBytes { RistrettoGroup.multiply(scalar, $0)?.revealed }
        }
        #expect(product(points.valid.X) == hex(points.valid.result))
        #expect(product(points.invalid1) == nil)
        #expect(product(points.invalid2) == nil)
    }
}
