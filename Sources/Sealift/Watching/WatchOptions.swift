public import SealiftContent

/// A folder whose new checkpoints go to contacts.
public struct WatchOptions: Sendable {
    /// The most contacts: each checkpoint is sent to each of them by a run of its own.
    public static let maximumContactCount = 16
    /// How long a checkpoint must stay as it is, unless the user says otherwise.
    public static let defaultSettle = Duration.seconds(30)

    /// The folder, as the user named it.
    public var folder: [UInt8]
    /// The names of the contacts.
    public var contacts: [String]
    /// Which files and folders in it are checkpoints; none for all.
    public var patterns: [GlobPattern] = []
    /// How long a checkpoint must stay as it is to count as complete.
    public var settle = WatchOptions.defaultSettle
    /// Whether what everybody has is deleted, and how many of the newest are kept; nil for never.
    public var keepingNewest: Int?
    /// What each delivery may take of the network, and how long an offer stays open.
    public var sending: SendOptions
    /// How contacts are reached.
    public var reach: ContactReach

    /// Everything else has its default.
    /// - Parameter sending: its paths mean nothing here.
    public init(
        folder: [UInt8], contacts: [String], sending: SendOptions, reach: ContactReach
    ) {
        self.folder = folder
        self.contacts = contacts
        self.sending = sending
        self.reach = reach
    }
}

/// What happens while a folder is watched. Names are a file's own bytes: escape them.
public enum WatchEvent: Sendable {
    /// It begins; so many deliveries of earlier runs are known.
    case watching(folder: [UInt8], contacts: [String], known: Int)
    /// A checkpoint is complete, and is offered now.
    case settled(name: [UInt8])
    /// How the offer of a checkpoint stands.
    case offer(name: [UInt8], contact: String, OfferProgress)
    /// How far it is on its way.
    case progress(name: [UInt8], contact: String, TransferProgress)
    /// A contact has it, with a receipt for the whole of it or without.
    case received(name: [UInt8], contact: String, bytes: UInt64, hasReceipt: Bool)
    /// It did not get there; unless they said no it is tried again.
    case failed(name: [UInt8], contact: String, SealiftError)
    /// It is deleted here.
    case deleted(name: [UInt8])
    /// It was to be deleted and stays, and why.
    case kept(name: [UInt8], reason: String)
    /// Something the user should know.
    case warning(TransferWarning)
}

/// Whoever watches a folder being watched. Calls come one at a time and must not block for long.
public protocol WatchObserver: Sendable {
    /// Takes note of an event.
    func handle(_ event: WatchEvent)
}
