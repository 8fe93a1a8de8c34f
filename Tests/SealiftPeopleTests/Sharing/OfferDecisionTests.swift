import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@Suite("An offer")
struct OfferDecisionTests {
    private let bob: Person
    private let contact: Contact

    init() throws {
        var bob = try Person(2)
        let author = try ChainAuthor(beginning: bob.root, with: bob.device(), time: someTime)
        self.bob = bob
        contact = Contact(
            name: try ContactName("bob"), devices: author.view, verification: .verified(.code))
    }

    private func rule(
        from: IdentityID? = nil, maximum: UInt64 = 100, quota: UInt64? = nil,
        expires: WallTime? = nil
    ) throws -> AcceptanceRule {
        try #require(
            AcceptanceRule(
                from: from ?? bob.identity, destination: "/data/in", maximumByteCount: maximum,
                quota: quota, expires: expires))
    }

    private func found(
        _ pairs: (AcceptanceRule, UInt64)...
    ) -> Lookup<[(rule: AcceptanceRule, accepted: UInt64)]> {
        .found(pairs.map { (rule: $0.0, accepted: $0.1) })
    }

    private func judge(
        bytes: UInt64 = 10, entries: UInt64 = 1, contact: Contact? = nil,
        admission: Contact.Admission = .serve,
        rules: Lookup<[(rule: AcceptanceRule, accepted: UInt64)]> = .absent,
        waiting: (ofContact: Int, inAll: Int) = (0, 0), time: WallTime = someTime
    ) -> OfferDecision {
        .judge(
            Offer(from: bob.identity, byteCount: bytes, entryCount: entries), admission: admission,
            contact: contact ?? self.contact, rules: rules, waiting: waiting, time: time)
    }

    @Test("waits for a yes where no rule takes it")
    func byHand() throws {
        #expect(judge() == .ask)
        let other = try rule(from: Person(3).identity)
        #expect(judge(rules: found((other, 0))) == .ask)
    }

    @Test("of more files than a rule takes waits for a yes, however few bytes they have")
    func manyEntries() throws {
        let most = AcceptanceRule.maximumEntryCount
        let rules = try found((rule(), 0))
        #expect(judge(bytes: 0, entries: most, rules: rules) == .accept(rule: 0))
        #expect(judge(bytes: 0, entries: most + 1, rules: rules) == .ask)
    }

    @Test("is taken by the first rule that covers its contact, size, quota and time")
    func byRule() throws {
        let small = try rule(maximum: 5)
        let ended = try rule(expires: someTime)
        let full = try rule(quota: 100)
        let good = try rule(quota: 100)
        let rules = found((small, 0), (ended, 0), (full, 91), (good, 90))
        #expect(judge(rules: rules) == .accept(rule: 3))
        #expect(judge(bytes: 101, rules: found((good, 0))) == .ask)
        #expect(judge(bytes: 100, rules: found((good, .max))) == .ask)
    }

    @Test("of somebody unverified is never taken by a rule")
    func unverified() throws {
        let stranger = Contact(name: contact.name, devices: contact.devices)
        #expect(judge(contact: stranger, rules: found((try rule(), 0))) == .ask)
    }

    @Test("of a blocked contact, or in another's name, hears nothing")
    func silence() throws {
        #expect(judge(admission: .silence(.blocked)) == .silence)
        var carol = try Person(3)
        let author = try ChainAuthor(beginning: carol.root, with: carol.device(), time: someTime)
        let other = Contact(name: try ContactName("carol"), devices: author.view)
        #expect(judge(contact: other) == .silence)
    }

    @Test("does not flood the inbox: sixteen of a contact wait, 256 in all")
    func flood() throws {
        #expect(judge(waiting: (15, 255)) == .ask)
        #expect(judge(waiting: (16, 16)) == .refuse(.tooManyWaiting))
        #expect(judge(waiting: (0, 256)) == .refuse(.inboxFull))
        #expect(
            judge(rules: found((try rule(), 0)), waiting: (16, 256)) == .accept(rule: 0))
    }

    @Test("with sizes that cannot be is refused, and so is any where the rules cannot be read")
    func impossible() {
        #expect(judge(bytes: 1 << 62) == .refuse(.impossible))
        #expect(judge(bytes: .max) == .refuse(.impossible))
        #expect(judge(entries: 0) == .refuse(.impossible))
        #expect(judge(entries: .max) == .refuse(.impossible))
        #expect(judge(rules: .failed) == .refuse(.lookupFailed))
    }

    @Test("is taken by no rule that leaves out where to or how much")
    func leastPrivilege() {
        #expect(
            AcceptanceRule(from: bob.identity, destination: "", maximumByteCount: 1) == nil)
        #expect(
            AcceptanceRule(from: bob.identity, destination: "/in", maximumByteCount: 0) == nil)
    }
}
