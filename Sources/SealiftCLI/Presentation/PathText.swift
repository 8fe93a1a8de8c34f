internal import Sealift

/// How packets travel, for a person: in one word where nothing is special.
enum PathText {
    static func text(_ connection: PeerConnection) -> String {
        switch connection.route {
        case .dialled: connection.path.rawValue
        case .punched: "\(connection.path.rawValue), punched"
        }
    }
}
