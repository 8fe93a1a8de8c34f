import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport
import Synchronization

// Who is at the other end, and what becomes of it.
extension PairRun {
    private func contacts() throws(SealiftError) -> ContactBook {
        do throws(StoreFailure) { return try store.contacts() } catch {
            throw SealiftError(log: error)
        }
    }

    func meet(_ introduction: PairingSession.Introduction, now: Instant) {
        self.introduction = introduction
        let book: ContactBook
        do throws(SealiftError) { book = try contacts() } catch {
            return end(error, .storage, now: now)
        }
        switch ContactDecision(introduction, name: options.name, in: book) {
        case .add(let name): agree(name)
        case .renew(let name, let change):
            tell(change, of: name)
            agree(name)
        case .refuse(let error): end(error, .declined, now: now)
        case .ask: ask(introduction, book, now: now)
        }
    }

    private func tell(_ change: ChainView.Change, of name: ContactName) {
        switch change {
        case .unchanged: break
        case .extended: observer.handle(.devicesChanged(contact: name.text, isRecovery: false))
        case .recovered: observer.handle(.devicesChanged(contact: name.text, isRecovery: true))
        }
    }

    private func agree(_ name: ContactName) {
        self.name = name
        endpoint.agree()
    }

    /// Puts the question before the user, on a thread of its own.
    private func ask(
        _ introduction: PairingSession.Introduction, _ book: ContactBook, now: Instant
    ) {
        let objection: @Sendable (String) -> SealiftError? = { text in
            switch ContactDecision.free(text, for: introduction, in: book) {
            case .success: nil
            case .failure(let error): error
            }
        }
        let question = PairQuestion(
            identity: introduction.identity,
            suggestion: introduction.suggestion.flatMap { objection($0.text) == nil ? $0 : nil },
            objection: objection)
        let (observer, answers) = (observer, answers)
        do throws(SystemError) {
            self.question = try NamedThread(name: "question") {
                answers.put(observer.name(for: question))
            }
        } catch {
            end(SealiftError(.internalFailure, error), .interrupted, now: now)
        }
    }

    func takeName(now: Instant) {
        guard let answer = answers.take(), let introduction, failure == nil else { return }
        guard let answer else {
            return end(
                SealiftError(
                    .declined, "nobody became a contact: no name was given",
                    advice: "Pair again at both ends."), .declined, now: now)
        }
        do throws(SealiftError) {
            agree(
                try ContactDecision.free(answer, for: introduction, in: try contacts()).get())
        } catch {
            end(error, .declined, now: now)
        }
    }

    /// Both users said yes: contact, key and entry, all or nothing.
    func storeContact(now: Instant) {
        guard let introduction, let name, let vault = access.vault else { return }
        var stored: (contact: Contact, isNew: Bool)?
        let outcome: Result<Void, SealiftError>
        do throws(StoreFailure) {
            let evidence = options.evidence
            outcome = try log.changeContacts(
                chain: introduction.chain, pair: (introduction.pair, vault)
            ) { book in
                book.take(introduction, as: name, by: evidence).map { taken in
                    stored = (taken.contact, taken.isNew)
                    return taken.entry
                }
            }
        } catch {
            return end(SealiftError(log: error), .storage, now: now)
        }
        if case .failure(let error) = outcome { return end(error, .storage, now: now) }
        guard let stored else { return }
        summary = PairSummary(
            contact: ContactSummary(
                stored.contact, own: own.id, added: stored.isNew ? SystemWallClock.now() : nil,
                hasKey: true),
            isNew: stored.isNew)
        endpoint.didStore()
    }

    /// Both ends have stored: a key from before opens nothing any more.
    func confirm() {
        isMutual = true
        guard let introduction, let vault = access.vault else { return }
        // Both showed their whole chains.
        try? store.noteSeen(own.devices.head.position, by: introduction.identity)
        do throws(SecretVault.Failure) { try vault.confirm(introduction.pair) } catch {
            warn("a former key of this contact could not be removed")
        }
    }
}

/// The user's answer on its way from the thread that asks.
final class NameBox: Sendable {
    private let answer = Mutex<String??>(.none)
    private let waker: Waker

    init(_ waker: Waker) {
        self.waker = waker
    }

    /// The user said this name, or none.
    func put(_ name: String?) {
        answer.withLock { $0 = .some(name) }
        waker.wake()
    }

    /// The answer, once; nil where there is none yet.
    func take() -> String?? {
        answer.withLock { answer in
            defer { answer = .none }
            return answer
        }
    }
}

extension PairingSession.Introduction {
    /// The key, and where it is kept.
    fileprivate var pair: StoredPairKey {
        StoredPairKey(identity: identity, device: device, key: pairKey)
    }
}
