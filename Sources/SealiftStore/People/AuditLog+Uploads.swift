public import SealiftCrypto
public import SealiftPeople

/// Something that a member wants to put into a share, as a session brought it.
public struct IncomingUpload: Hashable, Sendable {
    /// The member's name for it.
    public let id: OfferID
    /// Who.
    public let member: IdentityID
    /// With which device.
    public let device: DeviceID
    /// What they call it.
    public let label: OfferLabel
    /// How many bytes it has, as they say; the transfer is held to it.
    public let byteCount: UInt64
    /// Into which share.
    public let share: ShareID
    /// What people call that.
    public let shareName: String

    /// An upload.
    public init(
        id: OfferID, member: IdentityID, device: DeviceID, label: OfferLabel, byteCount: UInt64,
        share: ShareID, shareName: String
    ) {
        self.id = id
        self.member = member
        self.device = device
        self.label = label
        self.byteCount = byteCount
        self.share = share
        self.shareName = shareName
    }
}

extension AuditLog {
    /// Logs that an upload is let in, and by which grant, before anything of it comes.
    public func noteUpload(_ upload: IncomingUpload) throws(StoreFailure) {
        try appendAll { database in
            [
                .of(
                    .accepted, upload, try Self.name(upload.member, in: database),
                    decision: .share, word: "share_\(upload.share)")
            ]
        }
    }

    /// Logs that an upload is not let in, unless that was told a moment ago.
    public func noteRefusal(
        of upload: IncomingUpload, _ denial: AccessDecision.Denial
    ) throws(StoreFailure) {
        try appendAll { database in
            let entry = AuditEntry.of(
                .transferDenied, upload, try Self.name(upload.member, in: database),
                decision: .none, result: .refused, word: "upload_\(denial.word)")
            return try Self.isRemembered(entry, in: database) ? [] : [entry]
        }
    }
}
