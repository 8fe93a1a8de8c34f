import SealiftTraversal
import Testing

@testable import Sealift

@Suite("The diagnosis of a connect that failed")
struct ConnectDiagnosisTests {
    private func diagnosis(
        own: NATKind?, peer: NATKind?, standings: [CallDesk.Standing] = [.open],
        hasSTUN: Bool = true
    ) -> ConnectDiagnosis {
        ConnectDiagnosis(
            own: own, peer: peer.map { ($0, 3) }, dialled: 2, standings: standings,
            hasSTUN: hasSTUN)
    }

    @Test("names both networks, what was tried and what would help")
    func hardPair() {
        let both = diagnosis(own: .endpointDependent, peer: .endpointDependent)
        #expect(both.own == .hard && both.peer == .hard && both.call == .answered)
        let error = SealiftError.cannotConnect(both, waited: .seconds(20))
        #expect(error.code == .cannotConnect && error.diagnosis == both)
        #expect(error.message.contains("20 s"))
        #expect(error.cause?.contains("a hard NAT") == true)
        for word in ["IPv6", "forward a UDP port", "relay of your own"] {
            #expect(error.advice.contains(word))
        }
    }

    @Test("tells a server that is missing from one that is away and from a sender that is")
    func calls() {
        #expect(diagnosis(own: nil, peer: nil, standings: []).call == .noServer)
        #expect(diagnosis(own: nil, peer: nil, standings: [.away("x")]).call == .serverAway)
        #expect(diagnosis(own: nil, peer: nil, standings: [.connecting]).call == .serverAway)
        #expect(diagnosis(own: nil, peer: nil, standings: [.away("x"), .open]).call == .unanswered)
        let none = diagnosis(own: nil, peer: nil, standings: [], hasSTUN: false)
        #expect(none.own == .unknown && none.peer == nil)
        #expect(none.helps.contains { $0.contains("SEALIFT_RENDEZVOUS") })
        #expect(none.helps.contains { $0.contains("SEALIFT_STUN") })
        #expect(diagnosis(own: .blocked, peer: nil).helps.contains { $0.contains("Allow UDP") })
    }
}
