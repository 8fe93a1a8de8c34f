import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport

/// Meets a new machine, and makes it a further device of the user of this one. The root keys exist for as long
/// as it takes to sign one entry, after the user said yes.
///
/// Blocks; call it from a thread that may.
/// - Parameter options: ``PairOptions/name`` is what to call the device.
/// - Throws: why there is no new device; or, with `connection_lost`, that the chain has it and it may not have
///   what it was given.
public func runLinkHost(
    _ options: PairOptions, observer: any LinkObserver, cancellation: Cancellation
) throws(SealiftError) -> LinkSummary {
    try options.network.check()
    try options.relay?.check(options.network)
    let name = try options.deviceName()
    let access = try ContactAccess(home: options.home, passphrase: options.passphrase)
    // Says what is wrong with the options before anybody waits.
    _ = try options.target(for: .device, cancellation)
    return try LinkHostRun(options, name, access, observer: observer, cancellation: cancellation)
        .run()
}

/// The run at the device that is there.
final class LinkHostRun: MeetingRun<LinkEndpoint> {
    private let observer: any LinkObserver
    private let access: ContactAccess
    private let name: ContactName?
    private let answers: LinkAnswerBox
    private var guest: LinkSession.Guest?
    private var called: ContactName?
    private var contacts = 0
    private var hasStored = false
    private var isMutual = false

    init(
        _ options: PairOptions, _ name: ContactName?, _ access: ContactAccess,
        observer: any LinkObserver, cancellation: Cancellation
    ) throws(SealiftError) {
        self.observer = observer
        self.access = access
        self.name = name
        let waker: Waker
        do throws(SystemError) { waker = try Waker() } catch {
            throw SealiftError(listening: error)
        }
        answers = LinkAnswerBox(waker)
        let chain = access.own.chain
        let device = access.device.publicKeys.id
        try super.init(
            waiting: options, for: .device, identity: access.own.id, device: access.device,
            waker: waker, observer: observer, cancellation: cancellation
        ) { responder, configuration in
            LinkEndpoint(
                waiting: responder, of: device, showing: chain, configuration: configuration)
        }
    }

    func run() throws(SealiftError) -> LinkSummary {
        let loopFailure = runToEnd()
        // Nobody needs the answer any more: wake whoever thinks about it.
        if question != nil, !hasStored { cancellation.request() }
        question?.join()
        guard hasStored, let guest else {
            throw loopFailure ?? failure
                ?? SealiftError(.internalFailure, "the run ended without a result", advice: "")
        }
        guard isMutual else {
            throw SealiftError(
                .connectionLost,
                "device \(guest.certificate.device.fingerprint) is one of yours now, but whether it "
                    + "has your contacts is not known: the connection was lost",
                advice:
                    "If `sealift id` there shows no identity, run the same two commands again; the "
                    + "words are not needed for it. `sealift device revoke` takes it back.")
        }
        return LinkSummary(
            device: try readDevice(guest.certificate.device), contacts: contacts)
    }

    private func readDevice(_ device: DeviceID) throws(SealiftError) -> OwnDevice {
        let fingerprint = device.fingerprint.description
        let found = try readDevices(home: options.home).first {
            $0.device.fingerprint == fingerprint
        }
        guard let found else { throw SealiftError.chainMoved }
        return found
    }

    private static let words = MeetingWords(
        declined: "Nothing was changed. Look at what it says there, then run it again.",
        notStored: "Look at what it says there, then run the same two commands again.",
        lost: "Nothing was changed. Run it again at both ends.")

    override func settle(now: Instant) {
        endpoint.process(now: now)
        while let event = endpoint.pollEvent() {
            switch event {
            case .connected(let peer, let path): tellConnected(peer, path)
            case .asked(let guest): ask(guest, now: now)
            case .met, .store: break
            case .finished: isMutual = true
            case .failed(let refusal): failure = failure ?? SealiftError(link: refusal)
            case .ended(let ending):
                if failure == nil, !hasStored {
                    failure = error(of: ending, Self.words, now: now)
                }
                stop()
            }
            endpoint.process(now: now)
        }
    }

    /// Puts the question before the user, on a thread of its own.
    private func ask(_ guest: LinkSession.Guest, now: Instant) {
        self.guest = guest
        called = name ?? guest.suggestion
        let known = access.own.devices.devices[guest.certificate.device]
        guard known?.ended == nil else {
            return end(SealiftError(link: .endedDevice), .declined, now: now)
        }
        let question = LinkQuestion(
            fingerprint: guest.certificate.device.fingerprint.description, name: called,
            needsWords: known == nil)
        let (observer, answers) = (observer, answers)
        do throws(SystemError) {
            self.question = try NamedThread(name: "question") {
                answers.put(observer.answer(to: question))
            }
        } catch {
            end(SealiftError(.internalFailure, error), .interrupted, now: now)
        }
    }

    override func takeAnswers(now: Instant) {
        guard let answer = answers.take(), let guest, failure == nil else { return }
        do throws(SealiftError) {
            switch answer {
            case .no:
                end(
                    SealiftError(
                        .declined, "the machine did not become a device of yours",
                        advice: "Nothing was changed."), .declined, now: now)
            case .failed(let error): end(error, .declined, now: now)
            case .yes(let words): endpoint.give(try admit(guest, words))
            }
        } catch {
            end(error, .storage, now: now)
        }
    }

    /// Certifies the device, puts it on the disk, and joins what it is given.
    private func admit(
        _ guest: LinkSession.Guest, _ words: RecoveryWords?
    ) throws(SealiftError) -> [UInt8] {
        let own = access.own
        var chain = own.chain
        let device = guest.certificate.device
        if !own.devices.isActive(device) {
            guard let words else { throw SealiftError.chainMoved }
            try words.demand(own.id)
            do throws(ChainError) {
                var author = try ChainAuthor(root: words.rootKey, continuing: own.chain)
                try author.add(guest.certificate, time: SystemWallClock.now())
                chain = author.chain
            } catch {
                throw SealiftError(ownChain: error)
            }
        }
        let bundle = try bundle(chain, for: device)
        contacts = bundle.contacts.count
        guard let bytes = bundle.encoded else {
            throw SealiftError(
                .limitReached,
                "your contacts' lists of devices are larger than can be given at once",
                advice: "Remove contacts that you do not need.")
        }
        do throws(StoreFailure) {
            guard
                try access.log.admit(
                    device, called: called, to: chain, from: own.devices.head,
                    key: guest.linkKey, in: access.vault)
            else { throw StoreFailure.failed("") }
        } catch {
            throw error == .failed("") ? SealiftError.chainMoved : SealiftError(log: error)
        }
        hasStored = true
        return bytes
    }

    private func bundle(
        _ chain: DeviceChain, for device: DeviceID
    ) throws(SealiftError) -> LinkBundle {
        var names: [DeviceID: ContactName]
        var known: [LinkBundle.KnownContact] = []
        do throws(StoreFailure) {
            names = try access.store.deviceNames()
            for contact in try access.store.contacts().contacts.values {
                guard let found = try access.store.contactWithChain(contact.identity) else {
                    continue
                }
                known.append(
                    LinkBundle.KnownContact(
                        contact: found.contact, chain: found.chain,
                        reachable: try reachable(found.contact)))
            }
        } catch {
            throw SealiftError(log: error)
        }
        names[device] = called
        return LinkBundle(
            chain: chain,
            names: names.filter { access.own.devices.devices[$0.key] != nil || $0.key == device },
            contacts: known.sorted { $0.contact.name.text < $1.contact.name.text })
    }

    /// The contact's devices to which this one will introduce the new one.
    private func reachable(_ contact: Contact) throws(StoreFailure) -> [DeviceID] {
        var devices: [DeviceID] = []
        for device in contact.devices.activeDevices.map(\.keys.id) {
            do throws(SecretVault.Failure) {
                if try !access.vault.pairKeys(with: device, of: contact.identity).isEmpty {
                    devices.append(device)
                }
            } catch {
                throw StoreFailure.damaged("a key shared with a contact cannot be read")
            }
        }
        return devices
    }
}
