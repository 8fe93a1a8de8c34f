import SealiftBase
import SealiftCrypto
import SealiftPeople
import Testing

@Suite("What a member may give away")
struct GrantDelegationTests {
    private let share: ShareID
    private let bob: IdentityID
    private let ann: IdentityID

    init() throws {
        share = try #require(ShareID([UInt8](repeating: 7, count: 16)))
        bob = try Person(2).identity
        ann = try Person(3).identity
    }

    private func grant(
        _ member: IdentityID? = nil, _ paths: PathSubset = .everything, expires: Int64? = nil,
        quota: UInt64? = nil, approval: Grant.Approval = .notNeeded
    ) -> Grant {
        Grant(
            share: share, member: member ?? ann, role: .viewer, paths: paths,
            expires: expires.map { WallTime(secondsSince1970: $0) }, quota: quota,
            approval: approval)
    }

    private func only(_ paths: String...) throws -> PathSubset {
        .only(try paths.map { try #require(GrantedPath($0)) })
    }

    @Test("is within paths, end and quota that the member has")
    func within() throws {
        let free = grant(bob)
        #expect(free.covers(grant()))
        #expect(free.covers(grant(nil, try only("a"), expires: 5, quota: 5)))
        let bounded = grant(bob, try only("a", "b/c"), expires: 10, quota: 10)
        #expect(bounded.covers(grant(nil, try only("a/x", "b/c"), expires: 10, quota: 10)))
        #expect(bounded.covers(grant(nil, .only([]), expires: 1, quota: 0)))
        for more in [
            grant(nil, .everything, expires: 10, quota: 10),
            grant(nil, try only("b"), expires: 10, quota: 10),
            grant(nil, try only("a", "ab"), expires: 10, quota: 10),
            grant(nil, try only("a"), expires: 11, quota: 10),
            grant(nil, try only("a"), expires: nil, quota: 10),
            grant(nil, try only("a"), expires: 10, quota: 11),
            grant(nil, try only("a"), expires: 10, quota: nil),
        ] {
            #expect(!bounded.covers(more))
        }
    }

    @Test("is nothing in another share, or before the member's own grant was approved")
    func nothing() throws {
        #expect(!grant(bob, approval: .awaited).covers(grant()))
        #expect(grant(bob, approval: .given(by: ann)).covers(grant()))
        let other = try #require(ShareID([UInt8](repeating: 8, count: 16)))
        #expect(!grant(bob).covers(Grant(share: other, member: ann, role: .viewer)))
    }

    @Test("names of offers are UTF-8 without a zero byte, of 255 bytes at most")
    func labels() {
        #expect(OfferLabel([]) == nil)
        #expect(OfferLabel([0x61, 0]) == nil)
        #expect(OfferLabel([0xFF]) == nil)
        #expect(OfferLabel([UInt8](repeating: 0x61, count: 256)) == nil)
        #expect(OfferLabel([UInt8](repeating: 0x61, count: 255)) != nil)
        #expect(OfferLabel([0x1B, 0x5B])?.description == "\\x1b[")
    }
}
