import SealiftBase
import SealiftCrypto
import Testing

@testable import SealiftTraversal

/// A rendezvous server without sockets, and what its clients got.
struct ServerBench {
    typealias Client = RendezvousCore.ClientNumber

    var core: RendezvousCore
    var now = Instant.zero
    private(set) var inboxes: [Client: [ServerMessage]] = [:]
    private(set) var hungUp: Set<Client> = []

    init(_ change: (inout RendezvousLimits) -> Void = { _ in }) {
        var limits = RendezvousLimits()
        limits.claimBits = 4
        change(&limits)
        core = RendezvousCore(limits: limits, entropy: SeededEntropy(seed: 5))
    }

    mutating func connect(_ address: UInt8 = 1) -> Client? {
        let client = core.connect(from: Samples.address(address), now: now)
        settle()
        return client
    }

    /// Connects a client that must be let in.
    mutating func connected(_ address: UInt8 = 1) throws -> Client {
        let client = connect(address)
        return try #require(client)
    }

    mutating func send(_ message: ClientMessage, from client: Client) {
        send(bytes: message.encoded, from: client)
    }

    mutating func send(bytes: [UInt8], from client: Client) {
        bytes.withUnsafeBytes { core.receive($0, from: client, now: now) }
        settle()
    }

    mutating func leave(_ client: Client) {
        core.disconnect(client, now: now)
        settle()
    }

    mutating func advance(_ duration: Duration) {
        now += duration
        core.handleTimeout(now: now)
        settle()
    }

    /// Takes what a client got since the last look.
    mutating func take(_ client: Client) -> [ServerMessage] {
        inboxes.removeValue(forKey: client) ?? []
    }

    mutating func welcome(_ client: Client) throws -> Welcome {
        guard case .welcome(let welcome)? = take(client).first else {
            Issue.record("the first message is no welcome")
            throw CancellationError()
        }
        return welcome
    }

    mutating func settle() {
        while let action = core.pollAction() {
            switch action {
            case .send(let client, let bytes):
                guard let message = bytes.withUnsafeBytes({ ServerMessage($0) }) else {
                    Issue.record("the server sent what no client reads")
                    continue
                }
                inboxes[client, default: []].append(message)
            case .hangUp(let client):
                hungUp.insert(client)
            }
        }
    }
}
