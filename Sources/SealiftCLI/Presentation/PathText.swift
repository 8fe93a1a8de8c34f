internal import Sealift

/// How packets travel, for a person: in one word where nothing is special.
enum PathText {
    static func text(_ connection: PeerConnection) -> String {
        switch (connection.path, connection.route) {
        case (.direct, .dialled): "direct"
        case (.direct, .punched): "direct, punched"
        case (.relayed, _): "relayed"
        }
    }
}
