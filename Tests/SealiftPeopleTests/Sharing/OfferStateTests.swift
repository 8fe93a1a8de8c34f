import SealiftPeople
import Testing

@Suite("The state of an offer")
struct OfferStateTests {
    @Test("changes by the table and by nothing else")
    func table() {
        let allowed: [OfferState: [OfferState.Step: OfferState]] = [
            .waiting: [.accept: .accepted, .decline: .declined],
            .accepted: [.decline: .declined, .arrive: .done, .hold: .held],
            .held: [.release: .releasing, .discard: .discarding],
            .releasing: [.release: .releasing, .endRelease: .done, .discard: .discarding],
            .discarding: [.discard: .discarding, .endDiscard: .discarded],
        ]
        for state in OfferState.allCases {
            for step in OfferState.Step.allCases {
                #expect(state.after(step) == allowed[state]?[step], "\(state) \(step)")
            }
            #expect(state.isSettled == (allowed[state] == nil), "\(state)")
        }
    }

    @Test("leaves quarantine by the user's word only, and never twice")
    func quarantine() {
        // Every way from acceptance to an end, over all steps.
        var reached: Set<OfferState> = [.accepted]
        for _ in OfferState.allCases {
            for state in reached {
                for step in OfferState.Step.allCases {
                    guard let next = state.after(step) else { continue }
                    reached.insert(next)
                    if state.isInQuarantine, !next.isInQuarantine {
                        #expect(step == .endRelease || step == .endDiscard)
                    }
                    #expect(state != .discarding || next == .discarding || next == .discarded)
                    if !state.isInQuarantine, next.isInQuarantine { #expect(step == .hold) }
                }
            }
        }
        #expect(reached == Set(OfferState.allCases).subtracting([.waiting]))
    }

    @Test("has the numbers that are on disk")
    func numbers() {
        #expect(OfferState.allCases.map(\.rawValue) == Array(0...7))
    }
}
