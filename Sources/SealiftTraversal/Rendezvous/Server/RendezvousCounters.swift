/// What a server counted since its start, and holds now. Sums only: nothing that tells clients apart.
public struct RendezvousCounters: Equatable, Sendable {
    /// Clients connected now.
    public var clients = 0
    /// Boxes held now.
    public var boxes = 0
    /// Numbers open now.
    public var numbers = 0
    /// Addresses remembered now.
    public var addresses = 0
    /// Clients let in.
    public var connected = 0
    /// Clients turned away at once.
    public var turnedAway = 0
    /// Boxes taken in.
    public var stored = 0
    /// Boxes given out of mailboxes.
    public var delivered = 0
    /// Boxes whose time was over.
    public var expired = 0
    /// Numbers opened.
    public var opened = 0
    /// Numbers claimed.
    public var claimed = 0
    /// Claims of numbers that were not there.
    public var missed = 0
    /// Numbers that ended with the wrong words.
    public var wrongWords = 0
    /// Messages not carried out because of a limit.
    public var busy = 0
    /// Clients dropped because they broke the protocol or said nothing.
    public var violations = 0

    /// Nothing counted yet.
    public init() {}
}
