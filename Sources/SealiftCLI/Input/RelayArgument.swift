internal import ArgumentParser
internal import Sealift

/// Whether packets may go through a relay, as it stands on the command line.
enum RelayArgument: String, ExpressibleByArgument, CaseIterable {
    /// Not through one of ours.
    case never
    /// Through the one that `SEALIFT_TURN` names, where nothing direct is found.
    case mine
}

extension Environment {
    /// A password is no longer than this.
    private static let passwordLimit = 4_096

    /// `SEALIFT_TURN` and its password: `SEALIFT_TURN_PASSWORD`, or the first line of the file that
    /// `SEALIFT_TURN_PASSWORD_FILE` names. Never an argument, which every user of the machine could read.
    /// - Throws: an error of usage where one is missing, or no relay's name.
    static func relay() throws(SealiftError) -> RelayAccess {
        guard let text = text("SEALIFT_TURN") else {
            throw SealiftError(
                .usage, "--relay mine needs a relay, and SEALIFT_TURN names none",
                advice: "Set SEALIFT_TURN, such as turn:ann@relay.example.org?transport=tls")
        }
        guard let server = TurnServer(text) else {
            throw SealiftError(
                .usage, "SEALIFT_TURN is not the name of a relay",
                advice: "It is turn:USER@HOST[:PORT], then ?transport=udp, tcp or tls, and for tls "
                    + "#sha256=… for a key that no authority vouches for.")
        }
        return RelayAccess(server, password: try password())
    }

    private static func password() throws(SealiftError) -> [UInt8] {
        switch (bytes("SEALIFT_TURN_PASSWORD"), bytes("SEALIFT_TURN_PASSWORD_FILE")) {
        case (let password?, nil):
            return password
        case (nil, let path?):
            guard let bytes = SmallFile.read(path, limit: passwordLimit) else {
                throw SealiftError(
                    .usage, "cannot read the file that SEALIFT_TURN_PASSWORD_FILE names",
                    advice: "Check its name and that you may read it.")
            }
            let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            guard !line.isEmpty else { break }
            return Array(line)
        case (.some, .some):
            throw SealiftError(
                .usage, "two passwords of the relay were given",
                advice: "Unset SEALIFT_TURN_PASSWORD or SEALIFT_TURN_PASSWORD_FILE.")
        case (nil, nil): break
        }
        throw SealiftError(
            .usage, "the password of the relay is missing",
            advice: "Put it into a file that only you may read, and set "
                + "SEALIFT_TURN_PASSWORD_FILE to its name.")
    }
}
