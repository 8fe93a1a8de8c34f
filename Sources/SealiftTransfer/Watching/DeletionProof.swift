public import SealiftCrypto
public import SealiftPeople

/// What entitles to delete a checkpoint: for every contact, a receipt that both ends signed, all for one and
/// the same content.
public struct DeletionProof: Hashable, Sendable {
    /// What everybody has.
    public let content: AuditEntry.Content
    /// The first receipt's transfer, and the device that gave it: how the log finds them.
    public let transfer: TransferID
    /// The device of the first receipt.
    public let peer: DeviceID

    /// Judges the receipts.
    /// - Parameters:
    ///   - receipts: one for each contact, nil where none is kept.
    ///   - device: this device, which must be the giving end of each.
    /// - Returns: nil unless there is a receipt for each, each is this device's, and all are for the same
    ///   content.
    public init?(_ receipts: [Receipt?], givenBy device: DevicePublicKeys) {
        guard let first = receipts.first.flatMap({ $0 })?.statement,
            receipts.allSatisfy({ receipt in
                guard let statement = receipt?.statement else { return false }
                return statement.sender == device && statement.receiver != device
                    && statement.content == first.content && statement.files == first.files
            })
        else { return nil }
        content = first.content
        transfer = first.transfer
        peer = first.receiver.id
    }
}
