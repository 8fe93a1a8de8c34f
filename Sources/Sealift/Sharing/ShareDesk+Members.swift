import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore

// What members ask about members (`docs/PROTOCOL.md` §11.11). A change is judged in the transaction that
// makes it; what is refused is logged with the device that asked.
extension ShareDesk {
    /// A change of members.
    enum Change {
        /// Makes somebody a member, or changes what a member may do.
        case grant(GrantWish)
        /// Says the yes that is awaited.
        case approve
        /// Ends somebody's membership.
        case remove
        /// Ends one's own.
        case leave
    }

    func members(of id: ShareID, for asker: Asker) -> (Outcome, ShareQuestion) {
        let standing = standing(of: asker, in: id)
        let judged = standing.decision(on: .listMembers)
        let question = question(.members, about: nil, in: id, standing)
        guard judged == .allowed, case .found(let own) = standing.grant else {
            if case .denied(let denial) = judged, let time = standing.time {
                try? access.log.noteRefusal(
                    of: asker.contact.identity, with: asker.device, listing: id, denial, time: time)
            }
            return (.answers([.refused(Self.refusal(judged))]), question)
        }
        guard let found = try? access.store.members(of: id) else {
            return (.answers([.refused(.unavailable)]), question)
        }
        let members = found.map {
            VisibleMember($0.grant, movedBytes: $0.movedBytes, within: own.paths)
        }
        return (.answers(VisibleMember.answers(members)), question)
    }

    func change(
        _ change: Change, of member: IdentityID, in id: ShareID, for asker: Asker
    ) -> (Outcome, ShareQuestion) {
        let standing = standing(of: asker, in: id)
        let question = question(change.word, about: member, in: id, standing)
        guard let time = standing.time else {
            return (.answers([.refused(.unavailable)]), question)
        }
        let author = ShareAuthor.member(asker.contact.identity, device: asker.device, time: time)
        let outcome: Result<VisibleMember?, ShareRefusal>
        do throws(StoreFailure) {
            outcome = try make(change, of: member, in: id, by: author, standing)
        } catch {
            return (.answers([.refused(.unavailable)]), question)
        }
        switch outcome {
        case .success(let member):
            return (.answers([.members(member.map { [$0] } ?? [], isLast: true)]), question)
        case .failure(let refusal):
            return (.answers([.refused(Self.refusal(refusal))]), question)
        }
    }

    /// Makes the change.
    /// - Returns: the member as it is now, or as it was until it ended.
    private func make(
        _ change: Change, of member: IdentityID, in id: ShareID, by author: ShareAuthor,
        _ standing: Standing
    ) throws(StoreFailure) -> Result<VisibleMember?, ShareRefusal> {
        let own: PathSubset =
            if case .found(let grant) = standing.grant { grant.paths } else {
                .only([])
            }
        let log = access.log
        switch change {
        case .grant(let wish):
            let now = SystemWallClock.now()
            return try log.grant(to: member, in: id, by: author) { former in
                wish.applied(
                    to: former ?? Grant(share: id, member: member, role: .viewer), at: now)
            }.map { visible($0, within: own) }
        case .approve:
            return try log.approve(
                member, in: id, by: standing.asker.contact.identity, as: author
            ).map { visible($0, within: own) }
        case .remove, .leave:
            // While it is there still.
            let former: VisibleMember? =
                if case .found(let grant) = access.store.grant(of: member, in: id) {
                    visible(grant, within: own)
                } else { nil }
            return try log.revoke(member, in: id, by: author).map { _ in former }
        }
    }

    private func visible(_ grant: Grant, within part: PathSubset) -> VisibleMember {
        var moved: UInt64 = 0
        if case .found(let bytes) = access.store.movedBytes(by: grant.member, in: grant.share) {
            moved = bytes
        }
        return VisibleMember(grant, movedBytes: moved, within: part)
    }

    /// What the user is told; the share's name where the asker may know of it, the member's where it is a
    /// contact.
    private func question(
        _ word: ShareQuestion.MemberVerb, about member: IdentityID?, in id: ShareID,
        _ standing: Standing
    ) -> ShareQuestion {
        var name: String?
        if standing.decision(on: .browse) == .allowed,
            case .found(let share) = access.store.share(id)
        {
            name = share.name.text
        }
        var person: String?
        if let member {
            person = (try? access.store.contactStandings())?[member]?.name.text ?? member.short.text
        }
        return .members(word, share: name, member: person)
    }

    /// What of a refusal is shown to a member who asked for a change.
    private static func refusal(_ refusal: ShareRefusal) -> ContactRefusal {
        switch refusal {
        case .unknownShare: .notThere
        case .denied(let denial): Self.refusal(AccessDecision.denied(denial))
        case .owner: .role
        case .beyondOwnGrant: .beyondOwnGrant
        case .unknownContact: .unknownContact
        case .notVerified: .memberNotVerified
        case .notMember: .notMember
        case .noApprovalAwaited: .noApprovalAwaited
        case .full, .tooManyPaths: .full
        case .nameTaken, .looksLike: .unavailable
        }
    }
}

extension ShareDesk.Change {
    fileprivate var word: ShareQuestion.MemberVerb {
        switch self {
        case .grant: .grant
        case .approve: .approve
        case .remove: .remove
        case .leave: .leave
        }
    }
}
