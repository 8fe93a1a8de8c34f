internal import ArgumentParser
internal import Sealift

/// A share as it stands on the command line: `llm-v3` is the user's own, `alice/llm-v3` is alice's.
enum ShareArgument: Equatable {
    case own(String)
    case other(SharePath)

    /// - Throws: how the share of a contact is named.
    init(argument: String) throws {
        guard argument.contains("/") else {
            self = .own(argument)
            return
        }
        guard let place = try? SharePath(argument), place.share != nil, place.path == nil else {
            throw ValidationError(
                "a share is SHARE for yours, or CONTACT/SHARE, such as alice/llm-v3")
        }
        self = .other(place)
    }

    /// Refuses what leads to somebody else where nobody else is named.
    func check(_ reach: ReachOptions) throws {
        guard case .own = self, !reach.address.isEmpty else { return }
        throw ValidationError("--address says where the owner of another's share is")
    }
}
