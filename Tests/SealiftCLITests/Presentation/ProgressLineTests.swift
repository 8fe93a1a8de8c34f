import Sealift
import Testing

@testable import SealiftCLI

@Suite("The line of progress")
struct ProgressLineTests {
    private let progress = TransferProgress(
        bytesDone: 1_300_000_000, bytesTotal: 3_100_000_000, filesDone: 12, filesTotal: 40,
        bytesPerSecond: 851_443_712, timeRemaining: .seconds(125),
        roundTripTime: .microseconds(1_234), lossRatio: 0.0123)

    @Test("shows everything where there is room")
    func wide() {
        #expect(
            ProgressLine.text(progress, path: "direct", width: 140)
                == "[===============>                        ]  41 %  1.21/2.88 GiB  812 MiB/s"
                + "  2:05 left  12/40 files  RTT 1.2 ms  loss 1.2 %  direct")
    }

    @Test("leaves out the least needed first")
    func narrow() {
        #expect(
            ProgressLine.text(progress, path: "direct", width: 79)
                == "41 %  1.21/2.88 GiB  812 MiB/s  2:05 left  12/40 files  RTT 1.2 ms  direct")
        #expect(
            ProgressLine.text(progress, path: "direct", width: 50)
                == "41 %  1.21/2.88 GiB  812 MiB/s  2:05 left")
        #expect(
            ProgressLine.text(progress, path: "direct", width: 29)
                == "[===>      ]  41 %  2:05 left")
    }

    @Test("never exceeds the width, at any width and any numbers", arguments: 0..<200)
    func bounds(width: Int) {
        let extremes = [
            progress,
            TransferProgress(bytesDone: 0, bytesTotal: 0, filesDone: 0, filesTotal: 0),
            TransferProgress(
                phase: .verifying, bytesDone: .max, bytesTotal: .max, filesDone: .max,
                filesTotal: .max, bytesPerSecond: .max, timeRemaining: .seconds(Int64.max),
                roundTripTime: .seconds(Int64.max), lossRatio: .nan),
            TransferProgress(
                bytesDone: 1, bytesTotal: .max, filesDone: 1, filesTotal: 1,
                timeRemaining: .seconds(-5), roundTripTime: .zero, lossRatio: 1),
        ]
        for progress in extremes {
            #expect(
                ProgressLine.text(progress, path: "direct", width: width).count <= max(0, width))
        }
    }

    @Test("is complete only when everything is there")
    func percent() {
        #expect(ByteText.percent(999, of: 1_000) == 99)
        #expect(ByteText.percent(.max - 1, of: .max) == 99)
        #expect(ByteText.percent(.max, of: .max) == 100)
        #expect(ByteText.percent(0, of: 0) == 100)
    }

    @Test("rounds sizes down to three digits")
    func sizes() {
        let expected: [(UInt64, String)] = [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1.00 KiB"), (1_536, "1.50 KiB"),
            (10_239, "9.99 KiB"), (1_048_575, "1023 KiB"), (5 << 40, "5.00 TiB"),
            (15 << 60, "15.0 EiB"),
        ]
        for (bytes, text) in expected { #expect(ByteText.text(bytes) == text) }
    }

    @Test("shows times as a clock would")
    func times() {
        let expected: [(Int64, String)] = [
            (-1, "0:00"), (7, "0:07"), (754, "12:34"), (3_723, "1:02:03"), (183_600, "2d 3h"),
        ]
        for (seconds, text) in expected { #expect(DurationText.clock(.seconds(seconds)) == text) }
    }
}
