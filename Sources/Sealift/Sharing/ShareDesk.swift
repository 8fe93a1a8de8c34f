import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Judges what contacts ask of shares, against the store as it is at that moment, and answers: the one place
/// of this machine where a share opens. Closed on any failure.
struct ShareDesk {
    /// Who asks, as the session proved it.
    struct Asker {
        let contact: Contact
        let device: DeviceID
    }

    /// A download that may begin.
    struct Download {
        let asker: Asker
        let share: StoredShare
        /// What of the share.
        let part: PathSubset
    }

    /// What is to be done.
    enum Outcome {
        /// Say this.
        case answers([ContactAnswer])
        /// Begin this download, and say its ticket.
        case download(Download)
    }

    let access: ContactAccess

    /// Judges a request about shares.
    func judge(_ request: ContactRequest, of asker: Asker) -> (Outcome, ShareQuestion)? {
        switch request {
        case .shares: (.answers(shares(for: asker)), .shares)
        case .folder(let share, let path): folder(path, of: share, for: asker)
        case .get(let share, let parts): download(parts, of: share, for: asker)
        case .members(let share): members(of: share, for: asker)
        case .grant(let share, let member, let wish):
            change(.grant(wish), of: member, in: share, for: asker)
        case .approve(let share, let member):
            change(.approve, of: member, in: share, for: asker)
        case .remove(let share, let member):
            change(.remove, of: member, in: share, for: asker)
        case .leave(let share):
            change(.leave, of: asker.contact.identity, in: share, for: asker)
        case .offer, .upload: nil
        }
    }

    // MARK: Shares

    private func shares(for asker: Asker) -> [ContactAnswer] {
        var visible: [VisibleShare] = []
        if case .found(let granted) = access.store.sharesVisible(to: asker.contact.identity),
            let time = try? access.judgedTime()
        {
            for entry in granted {
                let standing = Standing(
                    asker: asker, share: entry.share.id, grant: .found(entry.grant), time: time)
                guard standing.decision(on: .browse) == .allowed else { continue }
                visible.append(
                    VisibleShare(
                        id: entry.share.id, role: entry.grant.role,
                        isApprovalAwaited: entry.grant.approval == .awaited,
                        expires: entry.grant.expires, name: Array(entry.share.name.text.utf8)))
            }
        }
        return Self.pages(of: visible) { .shares($0, isLast: $1) }
    }

    private func folder(
        _ path: GrantedPath?, of id: ShareID, for asker: Asker
    ) -> (Outcome, ShareQuestion) {
        // Without a path: whether the share is seen at all. What of it, the grant's paths say.
        let standing = standing(of: asker, in: id)
        let judged = standing.decision(on: .browse)
        guard judged == .allowed, case .found(let share) = access.store.share(id),
            case .found(let grant) = standing.grant
        else {
            return (
                .answers([.refused(Self.refusal(judged))]), .folder(share: nil, path: nil)
            )
        }
        let question = ShareQuestion.folder(
            share: share.name.text, path: path.map { PrintableText.escape($0.bytes) })
        // What cannot be read, or would lead through a link, is not there.
        let items = try? ShareFolder.items(at: path, in: share.path, granted: grant.paths)
        guard let items = items ?? nil else {
            return (.answers([.refused(.notThere)]), question)
        }
        return (.answers(Self.pages(of: items) { .folder($0, isLast: $1) }), question)
    }

    private func download(
        _ parts: [GrantedPath], of id: ShareID, for asker: Asker
    ) -> (Outcome, ShareQuestion) {
        let standing = standing(of: asker, in: id)
        let seen = standing.decision(on: .browse)
        guard seen == .allowed, case .found(let share) = access.store.share(id),
            case .found(let grant) = standing.grant
        else { return (.answers([.refused(Self.refusal(seen))]), .get(share: nil)) }
        let question = ShareQuestion.get(share: share.name.text)
        guard let part = grant.paths.narrowed(to: parts) else {
            return (.answers([.refused(.notThere)]), question)
        }
        let download = Download(asker: asker, share: share, part: part)
        let judged = standing.decision(on: download)
        return judged == .allowed
            ? (.download(download), question)
            : (.answers([.refused(Self.refusal(judged))]), question)
    }

    // MARK: Judging

    /// Whether a download that runs may go on.
    func mayGoOn(_ download: Download) -> Bool {
        let identity = download.asker.contact.identity
        guard let found = try? access.store.contactWithChain(identity) else { return false }
        let asker = Asker(contact: found.contact, device: download.asker.device)
        return standing(of: asker, in: download.share.id).decision(on: download) == .allowed
    }

    func standing(of asker: Asker, in share: ShareID) -> Standing {
        let member = asker.contact.identity
        return Standing(
            asker: asker, share: share, grant: access.store.grant(of: member, in: share),
            movedBytes: access.store.movedBytes(by: member, in: share),
            time: try? access.judgedTime())
    }

    /// What is known of somebody in a share at one moment: looked up once, judged for any number of paths.
    struct Standing {
        let asker: Asker
        let share: ShareID
        let grant: Lookup<Grant>
        var movedBytes = Lookup<UInt64>.absent
        /// Nil where the time could not be looked up: then nothing is allowed.
        let time: WallTime?

        func decision(
            on verb: Verb, _ path: GrantedPath? = nil, byteCount: UInt64 = 0
        ) -> AccessDecision {
            guard let time else { return .denied(.lookupFailed) }
            return AccessDecision.judge(
                AccessRequest(
                    share: share, identity: asker.contact.identity, device: asker.device,
                    verb: verb, path: path, byteCount: byteCount),
                contact: .found(asker.contact), grant: grant, movedBytes: movedBytes, time: time)
        }

        /// The first denial of any of its paths. A byte more has to fit the quota: one that is used up to the
        /// last byte gives nothing.
        func decision(on download: Download) -> AccessDecision {
            let paths = download.part.named(of: download.share)
            let decisions = paths.map { decision(on: .download, $0, byteCount: 1) }
            return decisions.first { $0 != .allowed } ?? (paths.isEmpty ? .denied(.path) : .allowed)
        }
    }

    /// What of a denial is shown: most look like a share that is not there.
    static func refusal(_ decision: AccessDecision) -> ContactRefusal {
        guard decision.isVisible, case .denied(let denial) = decision else { return .notThere }
        switch denial {
        case .role: return .role
        case .approvalAwaited: return .approvalAwaited
        case .quota: return .quota
        case .notVerified: return .notVerified
        case .lookupFailed, .notAdmitted, .noGrant, .expired, .path: return .notThere
        }
    }

    /// Cuts a list into answers, the last of which says so.
    private static func pages<Item>(
        of items: [Item], _ answer: ([Item], Bool) -> ContactAnswer
    ) -> [ContactAnswer] {
        var answers: [ContactAnswer] = []
        var rest = items[...]
        repeat {
            let page = rest.prefix(ContactMessage.maximumItemCount)
            rest = rest.dropFirst(page.count)
            answers.append(answer(Array(page), rest.isEmpty))
        } while !rest.isEmpty
        return answers
    }
}

extension PathSubset {
    /// Paths that stand for the part, to be judged: all that it names; for everything, the share's own name.
    func named(of share: StoredShare) -> [GrantedPath] {
        switch self {
        case .everything: GrantedPath(share.name.text).map { [$0] } ?? []
        case .only(let paths): paths
        }
    }
}
