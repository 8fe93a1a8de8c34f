import SealiftBase
import SealiftRendezvous
import Testing

@testable import SealiftCLI

@Suite("The log of a rendezvous server")
struct RendezvousLogViewTests {
    private static let time = WallTime(secondsSince1970: 1_700_000_000)

    private static func line(_ entry: RendezvousLogEntry, _ form: RendezvousLogView.Form) -> String
    {
        RendezvousLogView(form: form).line(entry, at: time)
    }

    @Test("has one JSON object a line, of a fixed form")
    func json() {
        let head = #"{"time":"2023-11-14T22:13:20Z","level":"#
        #expect(
            Self.line(.started(listeners: 2, stun: 1), .json)
                == head + #""info","event":"started","listeners":2,"stun":1}"# + "\n")
        #expect(
            Self.line(.draining(clients: 3), .json)
                == head + #""info","event":"draining","clients":3}"# + "\n")
        #expect(
            Self.line(.failed(reason: "cannot_listen"), .json)
                == head + #""error","event":"failed","code":"cannot_listen"}"# + "\n")
        var refusals = RendezvousRefusals(seconds: 300)
        refusals.busy = 7
        #expect(
            Self.line(.refused(refusals), .json)
                == head + #""warning","event":"refused","seconds":300,"clients":0,"turned_away":0,"#
                + #""busy":7,"violations":0,"numbers_missed":0,"wrong_words":0,"#
                + #""failed_openings":0,"crowded_out":0,"failed_accepts":0}"# + "\n")
    }

    @Test("is words on a terminal")
    func text() {
        var refusals = RendezvousRefusals(seconds: 60)
        refusals.busy = 7
        refusals.wrongWords = 1
        #expect(
            Self.line(.refused(refusals), .text)
                == "2023-11-14T22:13:20Z refused in 60 s: 7 messages over a limit, "
                + "1 codes with the wrong words\n")
        #expect(Self.line(.stopped(clients: 0), .text) == "2023-11-14T22:13:20Z stopped\n")
    }
}
