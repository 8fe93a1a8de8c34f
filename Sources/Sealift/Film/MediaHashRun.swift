import Glibc
public import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
public import SealiftPeople
import SealiftStore
import SealiftTransfer

/// A hash of files that film tools compare.
public enum MediaHashKind: String, CaseIterable, Sendable {
    /// C4 ID (SMPTE ST 2114).
    case c4
    /// For tools that know nothing else.
    case md5
    /// The same.
    case sha1

    fileprivate var algorithm: MediaHashAlgorithm {
        switch self {
        case .c4: .c4
        case .md5: .md5
        case .sha1: .sha1
        }
    }
}

/// What a list of hashes covers.
public struct MediaHashSummary: Equatable, Sendable {
    /// How many files are in it.
    public var files: UInt64
    /// Their sizes together.
    public var bytes: UInt64
    /// The manifest root of the tree, which the receipt names too.
    public var root: Hash256
    /// The transfer that delivered it.
    public var transfer: TransferID
}

/// How times and names are written into a list of hashes.
public struct MediaHashStyle: Sendable {
    /// sealift's version.
    public var version: String
    /// An instant as ISO 8601 in UTC.
    public var time: @Sendable (WallTime) -> String

    /// Puts both together.
    public init(version: String, time: @escaping @Sendable (WallTime) -> String) {
        self.version = version
        self.time = time
    }
}

/// Reads a folder or file that was sent or received, proves it by the newest receipt of both ends, and writes
/// an ASC Media Hash List of its files.
///
/// Every file is read once, for sealift's root and for the list's hash. Nothing is written before the whole
/// is proven.
/// - Parameters:
///   - path: the folder, under the name that it was sent by.
///   - write: takes the list, in parts.
///   - warn: takes what is left out, as a transfer leaves it out.
/// - Throws: `tree_differs` where no receipt is of exactly this tree.
public func exportMediaHashes(
    of path: [UInt8], by kind: MediaHashKind, style: MediaHashStyle, home: [UInt8]?,
    cancellation: Cancellation, warn: (TransferWarning) -> Void, write: ([UInt8]) -> Void
) throws(SealiftError) -> MediaHashSummary {
    let home = try StateHome(home)
    let receipts = try home.receipts()
    guard !receipts.isEmpty else { throw SealiftError.withoutReceipt(path) }
    let list = MediaHashList(algorithm: kind.algorithm)
    let spool: SpoolFile
    do throws(SystemError) { spool = try SpoolFile(in: home.folder.directory) } catch {
        throw SealiftError(home: error)
    }
    var run = MediaHashRun(
        path, list: list, style: style, spool: spool, cancellation: cancellation)
    let root = try run.run(warn)
    guard let receipt = receipts.last(where: { $0.statement.content.root == root }) else {
        throw SealiftError.withoutReceipt(path)
    }
    let statement = receipt.statement
    let devices = try home.ownDevices()
    write(
        Array(
            list.opening(
                MediaHashList.Heading(
                    created: style.time(SystemWallClock.now()), host: hostName(),
                    version: style.version, isReceived: devices.contains(statement.receiver.id),
                    comment: statement.comment(style))
            ).utf8))
    do throws(StorageFailure) { try run.copyEntries(to: write) } catch {
        throw SealiftError(error, doing: .send)
    }
    write(Array(list.ending.utf8))
    return MediaHashSummary(
        files: run.files, bytes: run.bytes, root: root, transfer: statement.transfer)
}

/// Walks a tree as a transfer does, and hashes each file twice in one reading.
private struct MediaHashRun {
    private static let chunkSize = 1 << 20

    private let path: [UInt8]
    private let list: MediaHashList
    private let style: MediaHashStyle
    private let spool: SpoolFile
    private let cancellation: Cancellation
    private var spooled: UInt64 = 0
    private var manifest = ManifestHasher()
    private(set) var files: UInt64 = 0
    private(set) var bytes: UInt64 = 0

    init(
        _ path: [UInt8], list: MediaHashList, style: MediaHashStyle, spool: SpoolFile,
        cancellation: Cancellation
    ) {
        self.path = path
        self.list = list
        self.style = style
        self.spool = spool
        self.cancellation = cancellation
    }

    /// - Returns: the manifest root.
    mutating func run(_ warn: (TransferWarning) -> Void) throws(SealiftError) -> Hash256 {
        let tree = try SendArguments([path]).tree
        do throws(TreeScanner.ScanFailure<SealiftError>) {
            try TreeScanner().scan(tree) { event throws(SealiftError) in
                switch event {
                case .item(let item): try take(item, in: tree)
                case .warning(let warning): warn(TransferWarning(warning))
                }
            }
        } catch {
            switch error {
            case .handler(let error): throw error
            case .argument(_, let cause): throw SealiftError(argument: path, cause)
            }
        }
        return manifest.finalize()
    }

    private mutating func take(
        _ item: ScannedItem, in tree: SourceTree
    ) throws(SealiftError) {
        guard let entry = try? ListingEntry(item) else {
            throw SealiftError.unlistable(item.path)
        }
        guard case .file = item.kind else { return manifest.append(entry, root: nil) }
        let (root, hash) = try hashes(of: item, in: tree)
        manifest.append(entry, root: root)
        let landing = tree.roots.first?.landingName.count ?? 0
        let beneath = Array(item.path.dropFirst(landing + 1))
        guard let name = MediaHashList.path(beneath.isEmpty ? item.path : beneath) else {
            throw SealiftError.unlistable(item.path)
        }
        let modified = WallTime(secondsSince1970: item.status.modified.seconds)
        let text = Array(
            list.entry(
                MediaHashList.File(
                    path: name, size: item.status.size, modified: style.time(modified),
                    hash: hash, hashed: style.time(SystemWallClock.now()))
            ).utf8)
        do throws(StorageFailure) { try spool.write(text, at: spooled) } catch {
            throw SealiftError(error, doing: .send)
        }
        spooled += UInt64(text.count)
        files += 1
        bytes += item.status.size
    }

    /// The tree root, and the list's hash.
    private func hashes(
        of item: ScannedItem, in tree: SourceTree
    ) throws(SealiftError) -> (Hash256, String) {
        var content = ContentHasher()
        var media = IncrementalMediaHash(list.algorithm)
        do throws(SystemError) {
            let file = try tree.openFile(item.path)
            file.advise(.readInOrder)
            let size = item.status.size
            var offset: UInt64 = 0
            while offset < size, !cancellation.isRequested {
                let chunk = try file.readArray(
                    atMost: Int(min(UInt64(Self.chunkSize), size - offset)), at: offset)
                guard !chunk.isEmpty else { break }
                chunk.withUnsafeBytes { part in
                    content.update(part)
                    media.update(part)
                }
                offset += UInt64(chunk.count)
            }
            if cancellation.isRequested { throw SystemError(code: EINTR, operation: "read") }
            guard offset == size, item.status.describesSameContent(as: try file.status()) else {
                throw SystemError(code: ESTALE, operation: "read", path: item.path)
            }
        } catch {
            guard error.code != EINTR else {
                throw SealiftError(
                    .interrupted, "stopped before everything was hashed",
                    advice: "Run the same command again.")
            }
            throw SealiftError(
                .sourceUnreadable, "\(PrintableText.escape(item.path)) cannot be read",
                advice: "Check its permissions, and that nobody changes it.", cause: error.reason)
        }
        return (item.status.size == 0 ? .zero : content.finalize().root, media.finalize())
    }

    /// Hands on what was written of the files.
    func copyEntries(to write: ([UInt8]) -> Void) throws(StorageFailure) {
        var offset: UInt64 = 0
        while offset < spooled {
            let part = try spool.readArray(
                atMost: Int(min(UInt64(Self.chunkSize), spooled - offset)), at: offset)
            guard !part.isEmpty else { return }
            write(part)
            offset += UInt64(part.count)
        }
    }
}

extension StateHome {
    /// Every receipt that this device or one before it kept, oldest first.
    fileprivate func receipts() throws(SealiftError) -> [Receipt] {
        let store = try store()
        do throws(StoreFailure) {
            return (try store.formerReceipts() + store.receipts()).sorted {
                $0.statement.time < $1.statement.time
            }
        } catch {
            throw SealiftError(log: error)
        }
    }

    /// This device, and those whose logs a backup brought.
    fileprivate func ownDevices() throws(SealiftError) -> Set<DeviceID> {
        let own = try publicKeys().id
        let store = try store()
        do throws(StoreFailure) {
            return Set(try store.formerLogs().map(\.device.id) + [own])
        } catch {
            throw SealiftError(log: error)
        }
    }
}

extension ReceiptStatement {
    fileprivate func comment(_ style: MediaHashStyle) -> String {
        let proof = verification == .disk ? "files read back from the disk" : "pieces in memory"
        return "sealift transfer \(transfer), \(files) files, \(content.length) bytes, "
            + "root \(content.root.hexadecimal), delivered \(style.time(time)) from device "
            + "\(sender.id.fingerprint) to \(receiver.id.fingerprint), proven by \(proof), "
            + "receipt signed by both"
    }
}

/// This machine's name.
private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
}

extension SealiftError {
    fileprivate static func withoutReceipt(_ path: [UInt8]) -> SealiftError {
        SealiftError(
            .treeDiffers,
            "no receipt in this machine's log is of \(PrintableText.escape(path)) as it is now",
            advice: "Name a folder or file that was sent or received whole, by one argument and "
                + "under its own name, and that nobody changed since.")
    }

    fileprivate static func unlistable(_ path: [UInt8]) -> SealiftError {
        SealiftError(
            .sourceUnreadable,
            "\(PrintableText.escape(path)) cannot stand in a list of hashes: its name is no text",
            advice: "ASC MHL holds names in UTF-8 only.")
    }
}
