/// Sends what `options` names and returns when its receiver has confirmed the whole.
///
/// Blocks; call it from a thread that may. Events and the reasons for an end reach `observer` in order.
/// - Throws: why it ended before; what is proven at the receiver is kept.
public func runSend(
    _ options: SendOptions, observer: any TransferObserver, cancellation: Cancellation
) throws(SealiftError) -> TransferSummary {
    try SendRun(options, observer: observer, cancellation: cancellation).run()
}

/// Receives what the ticket in `options` stands for, and returns when both ends agree on the root.
///
/// Blocks; call it from a thread that may. Events and the question reach `observer` in order.
/// - Throws: why it ended before; what is proven here is kept.
public func runReceive(
    _ options: ReceiveOptions, observer: any TransferObserver, cancellation: Cancellation
) throws(SealiftError) -> TransferSummary {
    try ReceiveRun(options, observer: observer, cancellation: cancellation).run()
}
