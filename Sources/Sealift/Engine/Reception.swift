import SealiftCrypto
import SealiftTransfer
import Synchronization

/// Whom a sender lets in: everybody, or whom its user says yes to.
///
/// The answers come from the observer's thread; everything else happens on the run's.
final class Reception {
    /// What is known of a device.
    private enum Standing {
        case asked
        case welcome
        case unwelcome
    }

    private let admission: SendOptions.Admission
    private let observer: ObserverThread
    private let wake: @Sendable () -> Void
    private var standings: [DeviceID: Standing] = [:]
    private let answers = AnswerBox()

    private final class AnswerBox: Sendable {
        let value = Mutex<[(DeviceID, Decision)]>([])
    }

    /// The most devices that are remembered: what strangers with the ticket can make us keep.
    private static let maximumStandings = 4_096

    /// Makes a reception; `wake` is called when an answer can be taken.
    init(
        _ admission: SendOptions.Admission, observer: ObserverThread,
        wake: @escaping @Sendable () -> Void
    ) {
        self.admission = admission
        self.observer = observer
        self.wake = wake
    }

    /// Whether `device` is let in; nil while its user thinks.
    func judge(_ device: DeviceID, _ connection: PeerConnection) -> Decision? {
        guard admission == .asked else { return .accept }
        switch standings[device] {
        case .welcome: return .accept
        case .unwelcome: return .decline
        case .asked: return nil
        case nil:
            guard standings.count < Self.maximumStandings else { return .decline }
            standings[device] = .asked
            let (answers, wake) = (answers, wake)
            observer.ask { observer in
                let decision = observer.admit(connection)
                answers.value.withLock { $0.append((device, decision)) }
                wake()
            }
            return nil
        }
    }

    /// The answers that came since the last call.
    func takeAnswers() -> [(device: DeviceID, decision: Decision)] {
        guard admission == .asked else { return [] }
        let taken = answers.value.withLock { box in
            defer { box = [] }
            return box
        }
        for (device, decision) in taken {
            standings[device] = decision == .accept ? .welcome : .unwelcome
        }
        return taken.map { (device: $0.0, decision: $0.1) }
    }

    /// Whether a question waits for its answer.
    var isAsking: Bool { standings.values.contains(.asked) }
}
