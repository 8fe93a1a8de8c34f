/// Why two ends did not find each other, as far as this one can tell, and what would help.
public struct ConnectDiagnosis: Equatable, Sendable {
    /// What lies between a machine and the internet.
    public enum Network: String, CaseIterable, Sendable {
        /// UDP does not get through.
        case blocked
        /// No translator.
        case open
        /// A NAT with one outside port for everybody.
        case easy
        /// A NAT with another outside port for each destination.
        case hard
        /// A NAT of a kind that is not known, or nobody was asked.
        case unknown

        /// The kind in words, as a noun.
        var words: String {
            switch self {
            case .blocked: "a network that blocks UDP"
            case .open: "no NAT"
            case .easy: "an easy NAT (one outside port for everybody)"
            case .hard: "a hard NAT (another outside port for each destination)"
            case .unknown: "a network of unknown kind"
            }
        }
    }

    /// What became of calling the other end through a rendezvous server.
    public enum Call: String, CaseIterable, Sendable {
        /// None was made: no server is named.
        case noServer = "no_server"
        /// No server could be used.
        case serverAway = "server_away"
        /// The other end did not answer there.
        case unanswered
        /// The other end answered, but no path between the two was found.
        case answered
    }

    /// What lies in front of this machine.
    public var own: Network
    /// What lies in front of the other one, by its own word; nil where it did not say.
    public var peer: Network?
    /// What became of the call.
    public var call: Call
    /// What was tried, as clauses.
    public var tried: [String]
    /// What would help, as sentences, the easiest first.
    public var helps: [String]

    /// Makes a diagnosis.
    public init(own: Network, peer: Network?, call: Call, tried: [String], helps: [String]) {
        self.own = own
        self.peer = peer
        self.call = call
        self.tried = tried
        self.helps = helps
    }
}
