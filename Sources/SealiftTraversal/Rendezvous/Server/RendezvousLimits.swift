/// What one rendezvous server gives at most: to everybody together, to one address, to one client.
///
/// With the defaults a full server holds about 750 MB: 16,384 boxes and 8,192 open numbers of 4 KiB, and
/// 20,000 clients of 32 KB each, TLS included (`docs/PERFORMANCE.md`).
public struct RendezvousLimits: Sendable {
    /// Clients at once.
    public var clients = 20_000
    /// Clients at once from one address (IPv6: one /64): many people share one carrier's address.
    public var clientsPerAddress = 256
    /// Boxes held at once.
    public var boxes = 16_384
    /// Boxes held at once in one mailbox; the next takes the place of the oldest.
    public var boxesPerMailbox = 64
    /// Clients that wait at one mailbox: the two devices, and each once more after a lost connection.
    public var subscribersPerMailbox = 8
    /// Numbers open at once.
    public var numbers = 8_192
    /// Numbers open at once from one client.
    public var numbersPerClient = 4
    /// Addresses whose use is remembered.
    public var addresses = 65_536

    /// How often one address may connect.
    public var connecting = Allowance(burst: 128, perSecond: 8)
    /// How often one address may put a box or subscribe.
    public var putting = Allowance(burst: 128, perSecond: 16)
    /// How often one address may open or claim a number: an attacker who tries words has 2^33 to go
    /// through, one a code, and ten a minute.
    public var coding = Allowance(burst: 10, perSecond: 1.0 / 6)

    /// How long a box is held.
    public var boxLifetime = Duration.seconds(120)
    /// How long a client may be connected before it says something sensible.
    public var introduction = Duration.seconds(10)
    /// How long the two ends of a claimed number have.
    public var exchange = Duration.seconds(30)
    /// How long a number waits to be claimed.
    public var numberLifetime = Duration.seconds(24 * 60 * 60)
    /// Boxes that each end of a number may pass to the other.
    public var passesPerEnd = 4

    /// The bits of work to claim a number.
    public var claimBits: UInt8 = 12
    /// The bits of work to enter and to claim while the server is more than half full.
    public var loadedBits: UInt8 = 18

    /// The defaults.
    public init() {}

    /// A burst, and how fast it fills again.
    public struct Allowance: Equatable, Sendable {
        /// What may be used at once.
        public var burst: Double
        /// What comes back in a second.
        public var perSecond: Double

        /// Makes an allowance; both above 0.
        public init(burst: Double, perSecond: Double) {
            self.burst = burst
            self.perSecond = perSecond
        }
    }
}
