internal import ArgumentParser

/// `sealift hash`: prints the roots that a transfer of the same files must arrive at.
struct HashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hash", abstract: "Print hashes.")
}
