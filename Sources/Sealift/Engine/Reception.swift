import SealiftCrypto
import SealiftTransfer

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
    private var standings: [DeviceID: Standing] = [:]
    private let answers: AnswerBox<DeviceID>

    /// The most devices that are remembered: what strangers with the ticket can make us keep.
    private static let maximumStandings = 4_096

    /// Makes a reception; `wake` is called when an answer can be taken.
    init(
        _ admission: SendOptions.Admission, observer: ObserverThread,
        wake: @escaping @Sendable () -> Void
    ) {
        self.admission = admission
        self.observer = observer
        answers = AnswerBox(wake: wake)
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
            observer.ask { [answers] observer in
                answers.put(observer.admit(connection), about: device)
            }
            return nil
        }
    }

    /// The answers that came since the last call.
    func takeAnswers() -> [(subject: DeviceID, decision: Decision)] {
        guard admission == .asked else { return [] }
        let taken = answers.takeAll()
        for (device, decision) in taken {
            standings[device] = decision == .accept ? .welcome : .unwelcome
        }
        return taken
    }

    /// Whether a question waits for its answer.
    var isAsking: Bool { standings.values.contains(.asked) }
}
