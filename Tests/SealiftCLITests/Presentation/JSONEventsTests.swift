import Sealift
import SealiftBase
import Testing

@testable import SealiftCLI

@Suite("JSON lines")
struct JSONEventsTests {
    @Test("keep their fields and their order")
    func shapes() {
        let progress = TransferProgress(
            bytesDone: 1, bytesTotal: 2, filesDone: 3, filesTotal: 4, bytesPerSecond: 5,
            timeRemaining: .seconds(6), roundTripTime: .milliseconds(7), lossRatio: 0.5)
        #expect(
            JSONEvents.line(.progress(progress)).line
                == #"{"event":"progress","phase":"transferring","bytes_done":1,"bytes_total":2,"#
                + #""files_done":3,"files_total":4,"bytes_per_second":5,"seconds_left":6.0,"#
                + #""round_trip_seconds":0.007,"loss_ratio":0.5}"#)
        let summary = TransferSummary(
            root: .zero, files: 1, bytes: 2, received: 3, reused: 4, resentProven: 5, skipped: 6,
            failed: 7)
        let zeros = String(repeating: "0", count: 64)
        #expect(
            JSONEvents.line(summary).line
                == #"{"event":"complete","root":""# + zeros
                + #"","files":1,"bytes":2,"received":3,"#
                + #""reused":4,"resent_proven":5,"skipped":6,"failed":7,"#
                + #""whole":false,"verified_disk":false}"#)
        let error = SealiftError(.ticketUsed, "m", advice: "a", cause: nil)
        #expect(
            JSONEvents.line(error).line
                == #"{"event":"error","code":"ticket_used","exit_status":4,"message":"m","#
                + #""advice":"a","cause":null}"#)
    }

    @Test("say which way a session goes, at first and later on")
    func paths() throws {
        let address = try #require(EndpointAddress("192.0.2.7:4000"))
        var connection = PeerConnection(
            peerFingerprint: "aa", ownFingerprint: "bb", address: address, path: .relayed)
        let tail = #""route":"dialled","peer":"aa","device":"bb"}"#
        #expect(
            JSONEvents.line(.connected(connection)).line
                == #"{"event":"connected","address":"192.0.2.7:4000","path":"relayed","# + tail)
        connection.path = .direct
        #expect(
            JSONEvents.line(.moved(connection)).line
                == #"{"event":"moved","address":"192.0.2.7:4000","path":"direct","# + tail)
    }

    @Test("say that a sender is waited for, and how long still")
    func reconnecting() {
        let wait = Reconnection(cause: .connectionLost, timeLeft: .seconds(580))
        #expect(
            JSONEvents.line(.reconnecting(wait)).line
                == #"{"event":"reconnecting","cause":"lost","seconds_left":580.0}"#)
    }

    @Test("escape what a peer chose, and keep its bytes beside")
    func hostilePath() {
        let path = Array("a\u{1B}[2J\"\\\n".utf8) + [0xFF]
        let report = FileReport(path: path, size: 0, root: nil, result: .failed(reason: "r"))
        #expect(
            JSONEvents.line(.file(report)).line
                == #"{"event":"file","path":"a\\x1b[2J\"\\\\\\x0a\\xff","path_base64":"YRtbMkoiXAr/","#
                + #""size":0,"root":null,"result":"failed","reason":"r"}"#)
    }

    @Test("are printable ASCII for any text", arguments: UInt64(0)..<200)
    func ascii(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let text = String(decoding: generator.bytes(64), as: UTF8.self)
        #expect(JSONText.string(text).line.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    }

    @Test("turn values that JSON lacks into null")
    func noNumber() {
        #expect(JSONText.number(.nan).line == "null")
        #expect(JSONText.number(.infinity).line == "null")
    }

    @Test("give every error code one name and one status")
    func codes() {
        let names = Set(ErrorCode.allCases.map(\.rawValue))
        #expect(names.count == ErrorCode.allCases.count)
        #expect(names.allSatisfy { $0.utf8.allSatisfy { $0 == 95 || (97...122).contains($0) } })
        #expect(ErrorCode.allCases.allSatisfy { $0.exitStatus != .success })
    }
}
