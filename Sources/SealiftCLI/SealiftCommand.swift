internal import ArgumentParser

/// The root of the command line.
struct SealiftCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "sealift",
        abstract: "Move very large files from machine to machine, end-to-end encrypted and proven.",
        usage: "sealift <subcommand> [<options>]",
        discussion: """
            One machine sends, another receives; the ticket that the sender prints is all the \
            receiver needs. Nothing is stored in between.

            EXAMPLES:
              sealift send model/ notes.txt          prints one line: the ticket
              sealift receive --output ~/incoming    asks for the ticket
              sealift hash model/                    the root that both ends must arrive at
              sealift verify . --manifest m          proves again what was received
              sealift log                            what was sent and received
              sealift id                             who you are; made on first use
              sealift pair                           makes somebody a contact, by a code
              sealift share add model/ --with bob    lets a contact have it
              sealift inbox                          what contacts offer
              sealift up                             serves your shares, takes offers
              sealift browse alice                   what a contact shares with you
              sealift get alice/llm-v3               downloads it, proven
              sealift sync alice/llm-v3 --output m   keeps a folder current with it
              sealift watch runs/ --to eval          new checkpoints, as soon as they are complete
              sealift device                         your devices; revoke ends a lost one
              sealift backup FILE                    contacts, receipts and log, sealed
              sealift restore                        your identity, from the recovery words
              sealift doctor                         looks at this machine's network

            \(HelpText.exitStatus)

            ENVIRONMENT:
              SEALIFT_HOME     the folder of sealift's own state (default: XDG data)
              SEALIFT_TICKET   the ticket for `sealift receive`
              SEALIFT_RENDEZVOUS   servers where two ends meet, such as wss://rv.example.org:7440
              SEALIFT_STUN     servers that tell a machine its outside address: stun.example.org
              SEALIFT_TURN     your own relay for --relay mine: turn:USER@HOST?transport=udp|tcp|tls
              SEALIFT_TURN_PASSWORD_FILE   the file of its password (or SEALIFT_TURN_PASSWORD)
              SEALIFT_PASSPHRASE_FILE   the file of the passphrase of this machine's secrets
              NO_COLOR         no colours
            """,
        version: "sealift \(version)",
        subcommands: [
            SendCommand.self, ReceiveCommand.self, HashCommand.self, VerifyCommand.self,
            RendezvousCommand.self, DoctorCommand.self, LogCommand.self, IdCommand.self,
            PairCommand.self, ContactCommand.self, ShareCommand.self, RuleCommand.self,
            InboxCommand.self, UpCommand.self, BrowseCommand.self, GetCommand.self,
            DeviceCommand.self, BackupCommand.self, RestoreCommand.self, WatchCommand.self,
            SyncCommand.self,
        ])
}

/// Paragraphs that several pages of help share.
enum HelpText {
    /// The table of exit statuses.
    static let exitStatus = """
        EXIT STATUS:
          0   done
          3   cannot connect, or nobody came
          4   the ticket was mistyped, refused, used or expired
          5   integrity: what arrived is not what was sent
          6   a disk, a file or a permission
          7   conflict: something is there already, or a question was answered with no
          8   delivered, except the files named
          64  the command line is wrong
          75  interrupted: run the same command again to continue
        """
}
