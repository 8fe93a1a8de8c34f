/// Why a worker cannot go on: the other end's fault, or this machine's.
///
/// Not nested in the generic workers: a typed throw of a generic type's own error crashes the
/// optimiser of Swift 6.3.
enum WorkFailure: Error {
    /// The other end broke the protocol.
    case violation(TransferViolation)
    /// Storage on this machine failed.
    case storage(StorageFailure)
}
