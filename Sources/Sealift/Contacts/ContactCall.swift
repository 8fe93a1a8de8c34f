import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport
import SealiftTraversal

/// Questions to a contact: dials the contact's devices one after the other until one answers.
///
/// Blocks; call it from a thread that may.
struct ContactCall {
    /// What to ask next, of the whole answer before; nil where there is nothing more to ask.
    typealias FollowUp = (Reply) throws(SealiftError) -> ContactRequest?

    /// What came of it.
    struct Reply {
        /// The device that answered.
        let device: DeviceID
        /// The whole last answer, in order; its last part says that it is.
        let answers: [ContactAnswer]
    }

    /// The most parts of one answer that are kept: 16,384 shares or items, a few megabytes.
    static let maximumAnswerCount = 16_384 / ContactMessage.maximumItemCount + 2

    /// How long each of several devices is dialled at first.
    private static let firstPatience = Duration.seconds(5)

    let access: ContactAccess
    let reach: ContactReach
    let cancellation: Cancellation

    /// What came of asking every device.
    struct Replies {
        /// The whole last answer of each device that gave one; never empty.
        var answered: [Reply]
        /// How many devices could not be reached.
        var silentCount: Int
    }

    /// Asks `contact`, and goes on to ask what `followUp` says, in one session with the first device that
    /// answers.
    /// - Returns: the last answer.
    /// - Throws: nobody could be reached, or the session led to nothing; or what `followUp` throws.
    func ask(
        _ contact: Contact, chain: DeviceChain, _ request: ContactRequest,
        then followUp: FollowUp = { _ throws(SealiftError) in nil }
    ) throws(SealiftError) -> Reply {
        try ask(contact, chain, request, mostReplies: 1, then: followUp).answered[0]
    }

    /// Asks every device of `contact`: each serves what lies on it.
    /// - Throws: as for ``ask(_:chain:_:then:)``, where none answers, and where a session with one of them
    ///   breaks off.
    func askEach(
        _ contact: Contact, chain: DeviceChain, _ request: ContactRequest
    ) throws(SealiftError) -> Replies {
        try ask(contact, chain, request, mostReplies: .max) { _ throws(SealiftError) in nil }
    }

    private func ask(
        _ contact: Contact, _ chain: DeviceChain, _ request: ContactRequest, mostReplies: Int,
        then followUp: FollowUp
    ) throws(SealiftError) -> Replies {
        let pairs = try access.keys.outgoing(contact)
        guard !pairs.isEmpty else { throw Self.noKey(contact) }
        var replies: [Reply] = []
        var failure: SealiftError?
        var refusal: SealiftError?
        var silent = pairs
        // Each for a moment, so that one that is off does not hold up the others; then each for long.
        for patience in [Self.firstPatience, reach.connectTimeout]
        where replies.isEmpty && (pairs.count > 1 || patience == reach.connectTimeout) {
            let round = silent
            silent = []
            for pair in round where replies.count < mostReplies {
                // A device before may have known more of this user's devices.
                let own = try access.home.requireIdentity()
                var question = ContactCaller.Question(
                    own: own.chain, contact: contact, chain: chain, request: request,
                    time: SystemWallClock.now())
                question.introducing = try access.introductions(to: pair.device, own)
                question.isKeyTold = pair.isTold
                question.isKeyToBeReplaced = pair.isToBeReplaced(
                    by: access.device.publicKeys.id, at: question.time)
                do throws(SealiftError) {
                    replies.append(
                        try ContactCallRun(
                            self, question, pair, patience: min(patience, reach.connectTimeout)
                        ).run(followUp))
                } catch {
                    guard !cancellation.isRequested else { throw error }
                    switch error.code {
                    case .cannotConnect:
                        failure = error
                        silent.append(pair)
                    // What one device does not share another may.
                    case .shareUnknown: refusal = refusal ?? error
                    default: throw error
                    }
                }
            }
        }
        guard !replies.isEmpty else { throw refusal ?? failure ?? Self.noKey(contact) }
        return Replies(answered: replies, silentCount: silent.count)
    }

    private static func noKey(_ contact: Contact) -> SealiftError {
        switch contact.verification {
        case .mustPairAgain: return SealiftError(contact: .mustPairAgain)
        default: break
        }
        if contact.isBlocked {
            return SealiftError(
                .usage, "\(contact.name) is blocked",
                advice: "`sealift contact unblock` first, if you want to hear of them again.")
        }
        return SealiftError(
            .cannotConnect, "no device of \(contact.name) has a key with this one",
            advice: "Pair again at both ends: `sealift pair`.")
    }
}
