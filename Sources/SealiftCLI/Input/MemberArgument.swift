internal import ArgumentParser
internal import SealiftPeople

/// A contact and a role as they stand on the command line: `bob:viewer`; `bob` alone names no role.
struct MemberArgument: Equatable {
    let contact: String
    let role: Role?

    /// - Throws: which roles there are.
    init(argument: String) throws {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let contact = parts.first, !contact.isEmpty else {
            throw ValidationError("a member is a contact and a role, such as bob:viewer")
        }
        self.contact = String(contact)
        guard parts.count == 2 else {
            role = nil
            return
        }
        guard let role = Role.allCases.first(where: { $0.word == parts[1] }) else {
            throw ValidationError("a role is viewer, editor or admin, such as bob:viewer")
        }
        guard role < .owner else {
            throw ValidationError("the owner of a share is this machine's user, for good")
        }
        self.role = role
    }
}

/// The options that say what a member gets.
struct GrantOptions: ParsableArguments {
    @Option(
        name: .customLong("path"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only this file or folder inside the share; repeatable. Every other one stays unseen.",
            valueName: "path"))
    var paths: [PathArgument] = []

    @Option(
        help: ArgumentHelp("End the membership after this time: 12h, 30d.", valueName: "time"),
        transform: DurationArgument.init(argument:))
    var expires: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "The most bytes that may move in all, both ways: 200GB, 1.5TB.", valueName: "size"),
        transform: SizeArgument.init(argument:))
    var quota: SizeArgument?

    @Flag(help: "Nothing moves before `sealift share approve`, here or by an admin of the share.")
    var approval = false
}
