import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer

/// Something that a member puts into a share, on its way here.
struct UpUpload {
    /// What names it: its number is the member's own.
    struct Key: Hashable {
        let member: IdentityID
        let id: OfferID
    }

    let wish: ShareDesk.Upload
    let run: RunningReception
    /// Why it was ended from here, as the user is told.
    var isCut = false

    var key: Key { Key(member: wish.incoming.member, id: wish.incoming.id) }

    /// Bytes that it has still to bring, as far as is known.
    var remaining: UInt64 {
        let total = wish.incoming.byteCount
        return total - min(total, run.doneBytes)
    }
}

/// How uploads ended that may be asked for again: their senders ask until they have a receipt.
struct UpUploadEndings {
    /// More are not remembered: the oldest are asked for no longer.
    private static let maximumCount = 4_096

    private var isThere: [UpUpload.Key: Bool] = [:]
    private var order: [UpUpload.Key] = []

    /// Whether it is here whole; nil where it is not known, or may be tried again.
    func isWhole(_ key: UpUpload.Key) -> Bool? { isThere[key] }

    mutating func note(_ key: UpUpload.Key, isWhole: Bool) {
        if isThere.updateValue(isWhole, forKey: key) == nil { order.append(key) }
        guard order.count > Self.maximumCount else { return }
        isThere[order.removeFirst()] = nil
    }
}

// What members put into shares: judged, fetched, counted, cut when the right to it ends.
extension UpRun {
    /// The most uploads at once, of all members and of one: each has threads and sockets of its own.
    private static let maximumUploads = 16
    private static let maximumUploadsOfOne = 4

    /// Judges an upload, and begins to fetch it.
    func take(
        upload pushed: PushOffer, into path: GrantedPath?, of share: ShareID,
        _ asker: ShareDesk.Asker
    ) -> ContactAnswer {
        guard let id = OfferID(pushed.id), let label = OfferLabel(pushed.label),
            let ticket = Self.ticket(pushed.ticket), ticket.fingerprint == asker.device.fingerprint,
            pushed.byteCount <= OfferDecision.maximumByteCount,
            (1...OfferDecision.maximumEntryCount).contains(pushed.entryCount)
        else { return .refused(.impossible) }
        let key = UpUpload.Key(member: asker.contact.identity, id: id)
        // Its sender asks on and on whether it may: what runs is judged by what is left of it.
        if let running = uploads.first(where: { $0.key == key }) {
            let isSame = running.wish.share.id == share && running.wish.path == path
            guard isSame, !running.isCut, mayGoOn(running) else { return .refused(.notThere) }
            return .taken(.accepted)
        }
        if let isWhole = uploadEndings.isWhole(key) {
            return isWhole ? .taken(.accepted) : .refused(.unavailable)
        }
        let reserved = self.reserved(by: asker.contact.identity, in: share)
        let (outcome, question) = desk.judge(
            upload: pushed, named: (id, label), into: path, of: share, for: asker,
            reserved: reserved)
        let name = asker.contact.name.text
        guard case .upload(let upload) = outcome else {
            observer.handle(.asked(contact: name, question, isGranted: false))
            if case .refused(let refusal) = outcome { return .refused(refusal) }
            return .refused(.unavailable)
        }
        let answer = begin(upload, pushed)
        let isGranted = answer == .taken(.accepted)
        observer.handle(.asked(contact: name, question, isGranted: isGranted))
        if isGranted { observer.handle(.uploadBegan(contact: name, UploadNews(upload))) }
        return answer
    }

    private func begin(_ upload: ShareDesk.Upload, _ pushed: PushOffer) -> ContactAnswer {
        let ofOne = uploads.count { $0.wish.incoming.member == upload.incoming.member }
        guard uploads.count < Self.maximumUploads, ofOne < Self.maximumUploadsOfOne else {
            return .refused(.unavailable)
        }
        let folder: DirectoryHandle?
        do throws(SystemError) {
            folder = try ShareFolder.destination(at: upload.path, in: upload.share.path)
        } catch {
            return .refused(.unavailable)
        }
        guard let folder else { return .refused(.noFolder) }
        let waker = waker
        do {
            let receiving = try ReceiveOptions(
                pushed.ticket, from: upload.asker.device, of: upload.asker.contact,
                into: upload.folderPath, options.reach(passphrase)
            ) {
                $0.folder = folder
                $0.onConflict = .rename
                $0.decision = .share
            }
            // Nothing comes on an entry of the log that is not on disk.
            try access.log.noteUpload(upload.incoming)
            let run = try RunningReception(
                receiving, atMost: pushed.byteCount, entries: pushed.entryCount
            ) {
                waker.wake()
            }
            uploads.append(UpUpload(wish: upload, run: run))
        } catch {
            return .refused(.unavailable)
        }
        return .taken(.accepted)
    }

    /// Bytes that what runs of a member's has still to bring: a quota counts them as moved already.
    private func reserved(
        by member: IdentityID, in share: ShareID, without key: UpUpload.Key? = nil
    ) -> UInt64 {
        uploads.filter {
            $0.wish.incoming.member == member && $0.wish.share.id == share && $0.key != key
                && !$0.isCut
        }.reduce(0) { sum, upload in
            let (total, overflow) = sum.addingReportingOverflow(upload.remaining)
            return overflow ? .max : total
        }
    }

    private func mayGoOn(_ upload: UpUpload) -> Bool {
        let (bytes, overflow) = upload.remaining.addingReportingOverflow(
            reserved(
                by: upload.wish.incoming.member, in: upload.wish.share.id, without: upload.key))
        return desk.mayGoOn(upload.wish, remaining: overflow ? .max : bytes)
    }

    /// Cuts what may not go on: the right to it ended, or something else used up the quota.
    func reviewUploads() {
        for index in uploads.indices where !uploads[index].isCut {
            count(uploads[index])
            guard !mayGoOn(uploads[index]) else { continue }
            uploads[index].isCut = true
            uploads[index].run.cancel()
        }
    }

    /// Takes note of what has come.
    func takeUploadEvents() {
        for index in uploads.indices.reversed() {
            guard let result = uploads[index].run.takeResult() else { continue }
            let upload = uploads.remove(at: index)
            count(upload)
            var (bytes, error) = (UInt64(0), SealiftError?.none)
            switch result {
            case .success(let summary):
                bytes = summary.received
                uploadEndings.note(upload.key, isWhole: summary.isWhole)
            case .failure(let failure):
                error = upload.isCut ? .rightEnded : failure
                // Its sender may come back; what the disk or the listing said no to stays so.
                if !upload.isCut, failure.mayPass == false {
                    uploadEndings.note(upload.key, isWhole: false)
                }
            }
            observer.handle(
                .uploadEnded(
                    contact: upload.wish.asker.contact.name.text, UploadNews(upload.wish),
                    bytes: bytes, error))
        }
    }

    /// Counts what came since it was counted last. Where that fails, so does the look-up by which the upload
    /// would go on.
    func count(_ upload: UpUpload) {
        let bytes = upload.run.takeReceivedBytes()
        guard bytes > 0 else { return }
        _ = try? access.log.noteMoved(
            bytes, by: upload.wish.incoming.member, in: upload.wish.share.id)
    }
}

extension ShareDesk.Upload {
    /// Where it goes, for the log.
    var folderPath: [UInt8] {
        share.path + (path.map { [UInt8(ascii: "/")] + $0.bytes } ?? [])
    }
}

extension UploadNews {
    init(_ upload: ShareDesk.Upload) {
        self.init(
            id: upload.incoming.id.description, share: upload.share.name.text,
            path: upload.path?.description, label: upload.incoming.label.description,
            byteCount: upload.incoming.byteCount)
    }
}

extension SealiftError {
    /// Whether the same may go well at another time, with nothing changed here.
    fileprivate var mayPass: Bool {
        [.cannotConnect, .interrupted].contains(exitStatus) && code != .internalFailure
    }
}
