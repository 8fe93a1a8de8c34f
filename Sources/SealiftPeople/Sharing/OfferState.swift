/// What became of an offer (`docs/PROTOCOL.md` §11.10). The numbers are those on disk.
public enum OfferState: Int64, Hashable, Sendable, CaseIterable {
    /// It waits for the user.
    case waiting = 0
    /// It may come, into its destination or into quarantine.
    case accepted = 1
    /// The offerer hears no.
    case declined = 2
    /// It came, and is where the user wants it.
    case done = 3
    /// It came, and lies in quarantine until the user looked at it.
    case held = 4
    /// The user released it: it is on its way from quarantine to its destination.
    case releasing = 5
    /// The user discarded it: it is being deleted from quarantine.
    case discarding = 6
    /// It came, and the user deleted it.
    case discarded = 7

    /// Something that happens to an offer.
    public enum Step: Hashable, Sendable, CaseIterable {
        /// The user said yes.
        case accept
        /// The user said no.
        case decline
        /// It came to its destination.
        case arrive
        /// It came into quarantine.
        case hold
        /// The user released it; also one whose release was cut off, to go on with it.
        case release
        /// All of it is where it goes.
        case endRelease
        /// The user discarded it; also what is left of a release that was cut off.
        case discard
        /// Nothing of it is left.
        case endDiscard
    }

    /// The state after `step`; nil where that cannot happen in this state.
    ///
    /// What was discarded is never released: part of it may be gone. What was released in part may still be
    /// discarded: what is left of it is deleted.
    public func after(_ step: Step) -> OfferState? {
        switch (self, step) {
        case (.waiting, .accept): .accepted
        case (.waiting, .decline), (.accepted, .decline): .declined
        case (.accepted, .arrive): .done
        case (.accepted, .hold): .held
        case (.held, .release), (.releasing, .release): .releasing
        case (.releasing, .endRelease): .done
        case (.held, .discard), (.releasing, .discard), (.discarding, .discard): .discarding
        case (.discarding, .endDiscard): .discarded
        default: nil
        }
    }

    /// Whether something of it may lie in quarantine.
    public var isInQuarantine: Bool {
        switch self {
        case .held, .releasing, .discarding: true
        case .waiting, .accepted, .declined, .done, .discarded: false
        }
    }

    /// Whether nothing more can happen to it.
    public var isSettled: Bool { Step.allCases.allSatisfy { after($0) == nil } }
}
