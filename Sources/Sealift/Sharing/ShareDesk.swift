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
        case .offer: nil
        }
    }

    // MARK: Shares

    private func shares(for asker: Asker) -> [ContactAnswer] {
        guard case .found(let granted) = access.store.sharesVisible(to: asker.contact.identity)
        else { return [.shares([], isLast: true)] }
        let visible = granted.filter { entry in
            decision(on: .browse, of: entry.share.id, nil, asker) == .allowed
        }.map { entry in
            VisibleShare(
                id: entry.share.id, role: entry.grant.role,
                isApprovalAwaited: entry.grant.approval == .awaited,
                expires: entry.grant.expires, name: Array(entry.share.name.text.utf8))
        }
        return Self.pages(of: visible) { .shares($0, isLast: $1) }
    }

    private func folder(
        _ path: GrantedPath?, of id: ShareID, for asker: Asker
    ) -> (Outcome, ShareQuestion) {
        // Without a path: whether the share is seen at all. What of it, the grant's paths say.
        let judged = decision(on: .browse, of: id, nil, asker)
        guard judged == .allowed, case .found(let share) = access.store.share(id),
            case .found(let grant) = access.store.grant(of: asker.contact.identity, in: id)
        else {
            return (
                .answers([.refused(Self.refusal(judged))]), .folder(share: nil, path: nil)
            )
        }
        let question = ShareQuestion.folder(
            share: share.name.text, path: path.map { PrintableText.escape($0.bytes) })
        do throws(SystemError) {
            guard
                let items = try ShareFolder.items(
                    at: path, in: share.path, granted: grant.paths)
            else { return (.answers([.refused(.notThere)]), question) }
            return (.answers(Self.pages(of: items) { .folder($0, isLast: $1) }), question)
        } catch {
            return (.answers([.refused(.unavailable)]), question)
        }
    }

    private func download(
        _ parts: [GrantedPath], of id: ShareID, for asker: Asker
    ) -> (Outcome, ShareQuestion) {
        let seen = decision(on: .browse, of: id, nil, asker)
        guard seen == .allowed, case .found(let share) = access.store.share(id),
            case .found(let grant) = access.store.grant(of: asker.contact.identity, in: id)
        else { return (.answers([.refused(Self.refusal(seen))]), .get(share: nil)) }
        let question = ShareQuestion.get(share: share.name.text)
        guard let part = grant.paths.narrowed(to: parts) else {
            return (.answers([.refused(.notThere)]), question)
        }
        let judged = part.named(of: share).map { decision(on: .download, of: id, $0, asker) }
        if judged.isEmpty { return (.answers([.refused(.notThere)]), question) }
        if let denial = judged.first(where: { $0 != .allowed }) {
            return (.answers([.refused(Self.refusal(denial))]), question)
        }
        return (.download(Download(asker: asker, share: share, part: part)), question)
    }

    // MARK: Judging

    /// Whether a download that runs may go on.
    func mayGoOn(_ download: Download) -> Bool {
        let identity = download.asker.contact.identity
        guard let found = try? access.store.contactWithChain(identity) else { return false }
        let asker = Asker(contact: found.contact, device: download.asker.device)
        return download.part.named(of: download.share).allSatisfy {
            decision(on: .download, of: download.share.id, $0, asker) == .allowed
        }
    }

    private func decision(
        on verb: Verb, of share: ShareID, _ path: GrantedPath?, _ asker: Asker
    ) -> AccessDecision {
        let time: WallTime
        do throws(SealiftError) { time = try access.judgedTime() } catch {
            return .denied(.lookupFailed)
        }
        let member = asker.contact.identity
        return AccessDecision.judge(
            AccessRequest(
                share: share, identity: member, device: asker.device, verb: verb, path: path),
            contact: .found(asker.contact), grant: access.store.grant(of: member, in: share),
            movedBytes: access.store.movedBytes(by: member, in: share), time: time)
    }

    /// What of a denial is shown: most look like a share that is not there.
    private static func refusal(_ decision: AccessDecision) -> ContactRefusal {
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
    fileprivate func named(of share: StoredShare) -> [GrantedPath] {
        switch self {
        case .everything: GrantedPath(share.name.text).map { [$0] } ?? []
        case .only(let paths): paths
        }
    }
}
