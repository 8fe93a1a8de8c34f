import SealiftIO
import SealiftRendezvous
import SealiftTraversal

/// Why there is no relay.
enum RelayFailure: Error, Equatable {
    case unknownHost
    case forbidden
    case socket(SystemError)
    case stream(RendezvousConnectionError)
    case turn(TurnFailure)
    /// The connection is gone.
    case lost
    case noEntropy

    /// Whether the relay, or the way to it, may be there again soon.
    var mayPass: Bool {
        switch self {
        case .unknownHost, .socket, .lost, .stream(.unreachable), .turn(.noAnswer),
            .turn(.allocationMismatch), .turn(.insufficientCapacity):
            true
        case .forbidden, .stream(.wrongKey), .turn, .noEntropy: false
        }
    }

    /// The same for the user.
    func words(_ host: String) -> String {
        switch self {
        case .unknownHost: "the relay \(host) is not known by that name"
        case .forbidden: "the network policy forbids the relay \(host)"
        case .socket(let error): "the relay \(host) cannot be reached (\(error.reason))"
        case .stream(.wrongKey): "the relay \(host) has another key than the one named"
        case .stream(.unreachable(let reason)): "the relay \(host) cannot be reached (\(reason))"
        case .turn(.noAnswer): "the relay \(host) does not answer"
        case .turn(.wrongCredentials): "the relay \(host) refuses the user name or the password"
        case .turn(.forbidden): "the relay \(host) does not serve this machine"
        case .turn(.quotaReached): "the relay \(host) has served this user enough for now"
        case .turn(.insufficientCapacity): "the relay \(host) is full"
        case .turn(.allocationMismatch): "the relay \(host) lost our address again and again"
        case .turn(.redirected): "the relay \(host) names another one, which nobody asked for"
        case .turn(.refused(let code)): "the relay \(host) refuses (\(code))"
        case .lost: "the connection to the relay \(host) was lost"
        case .noEntropy: "the system gives no random numbers"
        }
    }
}
