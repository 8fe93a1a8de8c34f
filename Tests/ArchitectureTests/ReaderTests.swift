import Testing

/// Every file of the cores that reads bytes or text from outside, and the fuzz target
/// (`Sources/SealiftFuzzing`) that gets to it. New readers are found by the test and belong in here.
private let targetsByReader: [String: String] = [
    "SealiftBase/Base32.swift": "ticket",
    "SealiftBase/Hexadecimal.swift": "manifest-line",
    "SealiftCrypto/Boxes/SealedBox.swift": "sealed-box",
    "SealiftCrypto/Handshake/HandshakeDatagram.swift": "handshake-responder",
    "SealiftCrypto/Keys/DeviceKeyPair.swift": "device-keys",
    "SealiftCrypto/Packets/Ratchet.swift": "connection",
    "SealiftContent/Listing/EntryPath.swift": "names",
    "SealiftContent/Listing/LinkTarget.swift": "names",
    "SealiftContent/Listing/ListingEntry+Decoding.swift": "listing-entry",
    "SealiftBase/MessageFraming.swift": "pairing",
    "SealiftContent/Listing/ListingEntryParser.swift": "listing",
    "SealiftContent/Manifest/ManifestText.swift": "manifest-line",
    "SealiftContent/Records/PieceHashCacheHeader.swift": "piece-hash-cache",
    "SealiftContent/Records/PieceHashCacheRecord.swift": "piece-hash-cache",
    "SealiftContent/Records/PieceJournalHeader.swift": "piece-journal",
    "SealiftContent/Records/PieceJournalRecord.swift": "piece-journal",
    "SealiftContent/Records/PlacedFileRecord.swift": "placed-file",
    "SealiftPeople/Backup/BackupHeader.swift": "backup",
    "SealiftPeople/Backup/BackupPreface.swift": "backup",
    "SealiftPeople/Contacts/Invitation+Coding.swift": "people-texts",
    "SealiftPeople/Devices/ChainPosition.swift": "device-chain",
    "SealiftPeople/Devices/DeviceCertificate.swift": "device-chain",
    "SealiftPeople/Devices/DeviceChain.swift": "device-chain",
    "SealiftPeople/Identity/RecoveryWords.swift": "people-texts",
    "SealiftPeople/Linking/LinkBundle.swift": "link",
    "SealiftPeople/Linking/LinkMessage.swift": "link",
    "SealiftPeople/Linking/LinkSession.swift": "link",
    "SealiftPeople/Pairing/PairingMessage.swift": "pairing",
    "SealiftPeople/Pairing/PairingSession.swift": "pairing",
    "SealiftPeople/Sessions/ContactMessage.swift": "contact",
    "SealiftPeople/Sessions/ContactMessage+Parts.swift": "contact",
    "SealiftPeople/Identity/ShortIdentity.swift": "people-texts",
    "SealiftTransport/Frames/FrameReader.swift": "packets",
    "SealiftTransfer/Measurement/MeasurementMessage.swift": "measurement",
    "SealiftTransfer/Messages/ControlMessageCodec.swift": "control-messages",
    "SealiftTransfer/Messages/ControlMessageFramer.swift": "control-messages",
    "SealiftTransfer/Tickets/Ticket+Text.swift": "ticket",
    "SealiftTransfer/Tickets/TicketRecord+Coding.swift": "ticket-record",
    "SealiftPeople/Audit/AuditEntry+Coding.swift": "audit-log",
    "SealiftPeople/Audit/LogCheckpoint.swift": "audit-log",
    "SealiftPeople/Audit/Receipt.swift": "audit-log",
    "SealiftPeople/Audit/ReceiptExchange.swift": "control-messages",
    "SealiftTraversal/Addresses/Candidate.swift": "meeting",
    "SealiftTraversal/Calls/Call.swift": "calls",
    "SealiftTraversal/Codes/Meeting.swift": "meeting",
    "SealiftTraversal/Codes/PairingCode.swift": "pairing-code",
    "SealiftTraversal/PortMapping/NATPMPMessage.swift": "gateway",
    "SealiftTraversal/PortMapping/PCPMessage.swift": "gateway",
    "SealiftTraversal/Probing/ProbeDatagram.swift": "probes",
    "SealiftTraversal/Rendezvous/Client/CodeExchange.swift": "code-ends",
    "SealiftTraversal/Rendezvous/Messages/ClientMessage.swift": "rendezvous-messages",
    "SealiftTraversal/Rendezvous/Messages/ServerMessage.swift": "rendezvous-messages",
    "SealiftTraversal/Rendezvous/Server/RendezvousCore.swift": "rendezvous-server",
    "SealiftTraversal/Stun/StunAddress.swift": "stun",
    "SealiftTraversal/Stun/StunMessage.swift": "stun",
    "SealiftTraversal/Turn/TurnLogin.swift": "turn",
]

@Suite("Readers of foreign bytes")
struct ReaderTests {
    /// What a reader is known by: it opens a `ByteReader`, or its name says that it decodes.
    private static let signs = [
        "ByteReader(", "init(decoding ", "init?(decoding ", "init(encoded ", "init(text: ",
        "init?(peer ", "func decode(", "init(encodedAlone ", "init(secretEncoding ",
    ]
    private static let cores = [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTransfer",
        "SealiftTraversal", "SealiftPeople",
    ]

    @Test("in the cores have a fuzz target each")
    func completeness() throws {
        let files = try SourceTree.files(below: "Sources").filter { Self.cores.contains($0.target) }
        for file in files where Self.signs.contains(where: file.text.contains) {
            let name = String(file.path.dropFirst("Sources/".count))
            #expect(targetsByReader[name] != nil, "\(name) reads foreign bytes: which target?")
        }
        let names = Set(files.map { String($0.path.dropFirst("Sources/".count)) })
        #expect(Set(targetsByReader.keys).subtracting(names) == [], "files that are gone")
    }

    @Test("are reached by targets that there are")
    func targets() throws {
        let sources = try SourceTree.files(below: "Sources/SealiftFuzzing").map(\.text).joined()
        for (reader, target) in targetsByReader {
            #expect(sources.contains("\"\(target)\", maximumLength:"), "\(target) for \(reader)")
        }
    }
}
