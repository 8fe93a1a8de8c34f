import SealiftPeople
import SealiftTransfer
import SealiftTransport

extension SealiftError {
    /// A session stood, and ended before there was an answer.
    init(unanswered request: ContactRequest, by contact: Contact, _ ending: SessionEnding) {
        // An end that does not know a request closes as for anything that is none.
        if case .closedByPeer(.violation, _) = ending, request.isLater {
            self.init(
                .protocolViolation,
                "\(contact.name)'s machine does not know what was asked: its sealift may be older",
                advice: "Ask \(contact.name) to update sealift; nothing was changed.")
        } else {
            self.init(
                .connectionLost, "the session with \(contact.name) ended without an answer",
                advice: "Run the same command again.")
        }
    }

    /// A session with a contact led to nothing.
    init(session failure: ContactFailure, with contact: Contact) {
        switch failure {
        case .violation:
            self.init(
                .protocolViolation, "\(contact.name) broke the protocol",
                advice: "Check that both ends run a released sealift.")
        case .contact(let error):
            self.init(contact: error)
        case .ownChainBehind:
            self.init(
                .identityConflict,
                "\(contact.name) has seen more of your devices than this machine knows of",
                advice: "SEALIFT_HOME was put back to an older state, another device of yours "
                    + "changed your devices, or they were recovered, and what leads there did not "
                    + "come. Update sealift at both ends, or bring the newer state here; nothing was "
                    + "asked or sent.")
        case .ownChainForked:
            self.init(
                .identityConflict,
                "\(contact.name) has seen other devices of yours than this machine knows of",
                advice: "Two of your machines changed your devices at once, or somebody has your "
                    + "recovery words. A recovery (`sealift restore`) settles it.")
        case .notAdmitted(.mustPairAgain):
            self.init(contact: .mustPairAgain)
        case .notAdmitted:
            self.init(contact: .deviceNotTheirs)
        }
    }
}
