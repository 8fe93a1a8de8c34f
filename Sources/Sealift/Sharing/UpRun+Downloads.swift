import SealiftBase
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTransfer
import SealiftTransport

/// A download that runs for a contact.
struct UpDownload {
    let granted: ShareDesk.Download
    let run: RunningDownload
    /// The session that waits for the ticket; nil once it was told.
    var session: ContactHost.SessionID?
    /// Why it was ended from here, as the user is told.
    var isCut = false
}

// What contacts download: begun, counted, cut when the right to it ends.
extension UpRun {
    /// The most downloads at once, of all contacts and of one: each has threads and sockets of its own.
    private static let maximumDownloads = 32
    private static let maximumDownloadsOfOne = 8

    /// Begins a download; false where there are too many.
    func begin(_ download: ShareDesk.Download, for id: ContactHost.SessionID) -> Bool {
        // A device that asks again for the same share goes on with a new ticket.
        for index in downloads.indices where downloads[index].granted.isSame(as: download) {
            downloads[index].run.cancel()
        }
        let identity = download.asker.contact.identity
        let ofOne = downloads.count { $0.granted.asker.contact.identity == identity }
        guard downloads.count < Self.maximumDownloads, ofOne < Self.maximumDownloadsOfOne else {
            return false
        }
        let waker = waker
        do throws(SystemError) {
            let run = try RunningDownload(download, options, passphrase: passphrase) {
                waker.wake()
            }
            downloads.append(UpDownload(granted: download, run: run, session: id))
            return true
        } catch {
            return false
        }
    }

    /// Takes note of what downloads did.
    func takeDownloadEvents(now: Instant) {
        for index in downloads.indices.reversed() {
            let (contact, share) = (
                downloads[index].granted.asker.contact.name.text,
                downloads[index].granted.share.name.text
            )
            for event in downloads[index].run.takeEvents() {
                switch event {
                case .ticket(let text):
                    guard let id = downloads[index].session else { break }
                    downloads[index].session = nil
                    host.answer(id, .ticket(Array(text.utf8)))
                case .began:
                    observer.handle(.downloadBegan(contact: contact, share: share))
                case .warning(let warning):
                    observer.handle(.warning(warning))
                case .ended(let result):
                    end(index, result)
                }
            }
        }
    }

    private func end(_ index: Int, _ result: Result<TransferSummary, SealiftError>) {
        let download = downloads.remove(at: index)
        if let id = download.session { host.answer(id, .refused(.unavailable)) }
        count(download)
        var (bytes, error) = (UInt64(0), SealiftError?.none)
        switch result {
        case .success(let summary): bytes = summary.received
        case .failure(let failure): error = download.isCut ? .rightEnded : failure
        }
        observer.handle(
            .downloadEnded(
                contact: download.granted.asker.contact.name.text,
                share: download.granted.share.name.text, bytes: bytes, error))
    }

    /// Cuts what may not go on: revoked, expired, over its quota, or of somebody who is heard no more.
    func reviewDownloads() {
        for index in downloads.indices where !downloads[index].isCut {
            count(downloads[index])
            guard !desk.mayGoOn(downloads[index].granted) else { continue }
            downloads[index].isCut = true
            downloads[index].run.cancel()
        }
    }

    /// Counts what was sent since it was counted last. Where that fails, so does the look-up by which the
    /// download would go on.
    private func count(_ download: UpDownload) {
        let bytes = download.run.takeSentBytes()
        guard bytes > 0 else { return }
        _ = try? access.log.noteMoved(
            bytes, by: download.granted.asker.contact.identity, in: download.granted.share.id)
    }

    /// Ends everything that runs beside.
    func endRuns() {
        for download in downloads { download.run.cancel() }
        for reception in receptions { reception.run.cancel() }
        for upload in uploads { upload.run.cancel() }
        for download in downloads { download.run.join() }
        for reception in receptions { reception.run.join() }
        for upload in uploads {
            upload.run.join()
            count(upload)
        }
    }
}

extension ShareDesk.Download {
    fileprivate func isSame(as other: Self) -> Bool {
        share.id == other.share.id && asker.device == other.asker.device
    }
}

extension SealiftError {
    /// A download or an upload was cut because the right to it is over.
    static let rightEnded = SealiftError(
        .declined, "the right to it has ended",
        advice: "`sealift share members` shows who may have what.")
}
