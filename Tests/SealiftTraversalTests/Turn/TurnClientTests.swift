import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

@Suite("A client of the user's own relay")
struct TurnClientTests {
    private let peer = address([198, 51, 100, 9], 41_000)
    private let relayed = address([203, 0, 113, 5], 50_000)

    private func client(_ carrier: TurnClient.Carrier = .datagrams, password: String = "secret")
        -> TurnClient
    {
        TurnClient(
            username: "ann", password: SecretBytes(copying: Array(password.utf8)),
            carrier: carrier, seed: 1, now: .zero)
    }

    /// A client that has its address.
    private func allocated(_ server: inout TurnServerDouble) throws -> TurnClient {
        var client = client()
        server.serve(&client, now: .zero)
        try #require(
            client.state == .allocated(TurnAllocation(relayed: relayed, mapped: server.mapped)))
        return client
    }

    @Test(
        "shows its credentials when asked for them, and gets an address", arguments: [false, true])
    func allocation(offersSHA256: Bool) throws {
        var server = TurnServerDouble(relayed: relayed, offersSHA256: offersSHA256)
        _ = try allocated(&server)
        #expect(server.authenticated == [.allocateRequest])
    }

    @Test("keeps the address, follows stale nonces, and gives the address back")
    func life() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = try allocated(&server)
        let half = Instant.zero + .seconds(300)
        #expect(client.nextTimeout == half)
        server.makeNonceStale()
        server.serve(&client, now: half)
        #expect(server.authenticated.last == .refreshRequest)
        #expect(client.nextTimeout == half + .seconds(300))
        client.release(now: half)
        server.serve(&client, now: half)
        #expect(client.state == .released && server.lifetimes.last == 0)
        #expect(client.nextTimeout == nil)
    }

    @Test("wraps a peer's datagrams in an indication first, then in its channel")
    func data() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = try allocated(&server)
        let first = client.wrap([1, 2, 3], to: peer)
        let indication = try first.withUnsafeBytes { try StunMessage($0) }
        #expect(indication.type == .sendIndication)
        #expect(indication.address(of: .xorPeerAddress) == peer)
        #expect(indication.value(of: .data).map(Array.init) == [1, 2, 3])
        server.serve(&client, now: .zero)
        let inChannel = client.wrap([1, 2, 3], to: peer)
        #expect(inChannel == [0x40, 0, 0, 3, 1, 2, 3])
        let taken = client.take([0x40, 0, 0, 2, 9, 8, 0xFF])
        let (source, bytes) = try #require(taken)
        #expect(source == peer && bytes == [9, 8])
        // The channel is asked for again before it ends.
        let later = Instant.zero + TurnPeers.renewal
        #expect(client.nextTimeout == later)
        server.serve(&client, now: later)
        #expect(server.authenticated.last == .channelBindRequest)
    }

    @Test("pads data on a stream, and takes it apart whatever pieces it comes in")
    func stream() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = client(.stream)
        server.serve(&client, now: .zero)
        client.admit(peer, now: .zero)
        server.serve(&client, now: .zero)
        let wrapped = client.wrap([7], to: peer)
        #expect(wrapped == [0x40, 0, 0, 1, 7, 0, 0, 0])
        let bytes =
            wrapped + StunMessageWriter(.bindingRequest, try id(3)).finishedForTest + wrapped
        var framer = TurnFramer()
        var found: [[UInt8]] = []
        for byte in bytes {
            framer.append([byte])
            while let message = try framer.next() { found.append(message) }
        }
        #expect(found.count == 3 && found.first == wrapped && found.last == wrapped)
        #expect(framer.heldByteCount == 0)
        framer.append([0x80, 0, 0, 0])
        #expect(throws: TurnFramer.Violation.self) { try framer.next() }
    }

    @Test("reports an indication's peer, who may come from a port that nobody foretold")
    func indication() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = try allocated(&server)
        let transaction = try id(5)
        var writer = StunMessageWriter(.dataIndication, transaction)
        writer.add(.xorPeerAddress, StunAddress.encode(peer, maskedWith: transaction))
        writer.add(.data, [4, 5, 6, 7, 8])
        let taken = client.take(writer.finish())
        let (source, bytes) = try #require(taken)
        #expect(source == peer && bytes == [4, 5, 6, 7, 8])
    }

    @Test(
        "ends with the server's reason",
        arguments: [
            (300, .redirected), (403, .forbidden), (437, .allocationMismatch),
            (441, .wrongCredentials), (486, .quotaReached), (508, .insufficientCapacity),
            (500, .refused(500)),
        ] as [(Int, TurnFailure)])
    func errors(code: Int, failure: TurnFailure) {
        var server = TurnServerDouble(relayed: relayed)
        server.error = code
        var client = client()
        server.serve(&client, now: .zero)
        #expect(client.state == .failed(failure))
        #expect(client.nextTimeout == nil)
    }

    @Test("gives up a wrong password after one try, and a server that does not answer")
    func wrongPassword() {
        var server = TurnServerDouble(relayed: relayed)
        var client = client(password: "guess")
        server.serve(&client, now: .zero)
        #expect(client.state == .failed(.wrongCredentials))
        #expect(server.requests == 2)
        for carrier in [TurnClient.Carrier.datagrams, .stream] {
            var silent = self.client(carrier)
            var sent = 0
            while let due = silent.nextTimeout {
                if silent.pollTransmit(now: due) != nil { sent += 1 }
            }
            #expect(silent.state == .failed(.noAnswer))
            #expect(sent == (carrier == .stream ? 1 : 7))
        }
    }

    @Test("asks for another address where the server lost ours, a few times")
    func lost() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = try allocated(&server)
        client.admit(peer, now: .zero)
        server.serve(&client, now: .zero)
        server.error = 437
        var now = Instant.zero
        for _ in 0..<3 {
            now += .seconds(300)
            server.error = 437
            _ = client.exchangeOnce(&server, now: now)
            #expect(client.state == .allocating)
            server.error = nil
            server.serve(&client, now: now)
            #expect(server.authenticated.last == .channelBindRequest, "peers are let in again")
        }
        now += .seconds(300)
        server.error = 437
        server.serve(&client, now: now)
        #expect(client.state == .failed(.allocationMismatch))
    }

    @Test("believes no success without the password's proof, and none of another transaction")
    func forged() throws {
        var server = TurnServerDouble(relayed: relayed)
        var client = client()
        let challenge = client.pollTransmit(now: .zero)
        server.answer(try #require(challenge)).map { _ = client.take($0) }
        let next = client.pollTransmit(now: .zero)
        let request = try #require(next)
        let answered = server.answer(request)
        let honest = try #require(answered)
        let transaction = try request.withUnsafeBytes { try StunMessage($0) }.transactionID
        var plain = StunMessageWriter(StunMessageType.allocateRequest.success, transaction)
        plain.add(.xorRelayedAddress, StunAddress.encode(relayed, maskedWith: transaction))
        _ = client.take(plain.finish())
        // Behind the code stands only the fingerprint, which is no proof of anything.
        for index in honest.indices.dropLast(8) {
            var altered = honest
            altered[index] ^= 0x40
            _ = client.take(altered)
        }
        for length in 0..<honest.count { _ = client.take(Array(honest.prefix(length))) }
        #expect(client.state == .allocating)
        _ = client.take(honest)
        #expect(client.state != .allocating)
    }

    @Test("takes no nonce that says SHA-256 was offered without the offer: somebody took it out")
    func downgrade() {
        var server = TurnServerDouble(relayed: relayed, offersSHA256: true)
        server.hidesAlgorithms = true
        var client = client()
        server.serve(&client, now: .zero)
        #expect(client.state == .failed(.wrongCredentials))
    }

    @Test("knows a bounded number of peers, whatever the server says, and bounds what it grants")
    func floods() throws {
        var server = TurnServerDouble(relayed: relayed)
        server.lifetime = 0
        var client = try allocated(&server)
        #expect(client.nextTimeout == .zero + .seconds(30))
        for port in 0..<1_000 {
            let transaction = try id(UInt8(port & 0xFF))
            var writer = StunMessageWriter(.dataIndication, transaction)
            let peer = address([198, 51, 100, 9], UInt16(2_000 + port))
            writer.add(.xorPeerAddress, StunAddress.encode(peer, maskedWith: transaction))
            writer.add(.data, [1])
            _ = client.take(writer.finish())
        }
        var bound = 0
        while client.pollTransmit(now: .zero) != nil { bound += 1 }
        #expect(bound == TurnPeers.limit)
        let nobodys = client.take([0x4F, 0xFF, 0, 1, 1])
        let tooShort = client.take([0x40, 0, 0xFF, 0xFF, 1])
        #expect(nobodys == nil && tooShort == nil)
    }

    private func id(_ byte: UInt8) throws -> StunTransactionID {
        try #require(StunTransactionID([UInt8](repeating: byte, count: 12)))
    }
}

extension TurnClient {
    fileprivate mutating func take(_ message: [UInt8]) -> (TransportAddress, [UInt8])? {
        message.withUnsafeBytes { bytes in
            guard case .data(let peer, let data) = receive(bytes, now: .zero) else { return nil }
            return (peer, Array(data))
        }
    }

    fileprivate mutating func wrap(_ data: [UInt8], to peer: TransportAddress) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 2_000)
        let count = buffer.withUnsafeMutableBytes { buffer in
            data.withUnsafeBytes { wrap($0, to: peer, into: buffer, now: .zero) }
        }
        return Array(buffer.prefix(count))
    }

    fileprivate mutating func exchangeOnce(_ server: inout TurnServerDouble, now: Instant) -> Bool {
        guard let request = pollTransmit(now: now), let answer = server.answer(request) else {
            return false
        }
        return answer.withUnsafeBytes {
            if case .consumed = receive($0, now: now) { true } else { false }
        }
    }
}

extension StunMessageWriter {
    fileprivate var finishedForTest: [UInt8] { finish() }
}

/// The server's side, as RFC 8656 has it, on a few lines.
private struct TurnServerDouble {
    let relayed: TransportAddress
    let mapped = address([192, 0, 2, 33], 33_333)
    var lifetime: UInt32 = 600
    /// What every request with credentials gets instead of success.
    var error: Int?
    var hidesAlgorithms = false
    private(set) var requests = 0
    private(set) var authenticated: [StunMessageType] = []
    private(set) var lifetimes: [UInt32] = []
    private let offersSHA256: Bool
    private var nonce: [UInt8]
    private let realm = Array("example.org".utf8)

    init(relayed: TransportAddress, offersSHA256: Bool = false) {
        self.relayed = relayed
        self.offersSHA256 = offersSHA256
        // "gAAA" in base 64 begins with the bit that stands for password algorithms.
        nonce = Array((offersSHA256 ? "obMatJos2gAAAone" : "one").utf8)
    }

    mutating func makeNonceStale() { nonce.append(0x2B) }

    /// Answers until the client has nothing to say.
    mutating func serve(_ client: inout TurnClient, now: Instant) {
        for _ in 0..<64 {
            guard let request = client.pollTransmit(now: now) else { return }
            if let answer = answer(request) {
                answer.withUnsafeBytes { _ = client.receive($0, now: now) }
            }
        }
    }

    mutating func answer(_ request: [UInt8]) -> [UInt8]? {
        guard let message = try? request.withUnsafeBytes({ try StunMessage($0) }) else {
            return nil
        }
        requests += 1
        let credential = StunCredential(
            username: "ann", realm: realm, password: SecretBytes(copying: Array("secret".utf8)),
            derivation: offersSHA256 ? .sha256 : .md5)
        guard message.value(of: .username).map(Array.init) == Array("ann".utf8),
            message.isAuthentic(under: credential)
        else { return challenge(message, 401) }
        guard message.value(of: .nonce).map(Array.init) == nonce else {
            return challenge(message, 438)
        }
        authenticated.append(message.type)
        if let lifetime = message.number(of: .lifetime) { lifetimes.append(lifetime) }
        var writer: StunMessageWriter
        if let error {
            writer = StunMessageWriter(message.type.failure, message.transactionID)
            writer.add(.errorCode, [0, 0, UInt8(error / 100), UInt8(error % 100)])
        } else {
            writer = StunMessageWriter(message.type.success, message.transactionID)
            if message.type == .allocateRequest {
                let id = message.transactionID
                writer.add(.xorRelayedAddress, StunAddress.encode(relayed, maskedWith: id))
                writer.add(.xorMappedAddress, StunAddress.encode(mapped, maskedWith: id))
            }
            writer.add(.lifetime, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: lifetime >> $0) })
        }
        return writer.finish(sealedUnder: credential)
    }

    private func challenge(_ message: StunMessage, _ code: Int) -> [UInt8] {
        var writer = StunMessageWriter(message.type.failure, message.transactionID)
        writer.add(.errorCode, [0, 0, UInt8(code / 100), UInt8(code % 100)])
        writer.add(.realm, realm)
        writer.add(.nonce, nonce)
        if offersSHA256, !hidesAlgorithms {
            writer.add(.passwordAlgorithms, [0, 1, 0, 0, 0, 2, 0, 0])
        }
        return writer.finish()
    }
}
