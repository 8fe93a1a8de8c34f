internal import ArgumentParser
internal import Sealift
internal import SealiftBase

/// A path as it stands on the command line: its exact bytes, never empty.
struct PathArgument: ExpressibleByArgument, Equatable {
    let bytes: [UInt8]

    init?(argument: String) {
        bytes = ArgumentBytes.bytes(of: argument)
        if bytes.isEmpty { return nil }
    }

    /// The path for a person.
    var printable: String { PrintableText.escape(bytes) }
}

/// An address as it stands on the command line: `ADDR:PORT`.
struct AddressArgument: Equatable {
    let address: EndpointAddress

    /// - Throws: what an address looks like.
    init(argument: String) throws {
        guard let address = EndpointAddress(argument) else {
            throw ValidationError(
                "an address is a number and a port, such as 192.0.2.7:4000 or [2001:db8::7]:4000")
        }
        self.address = address
    }
}

/// A span of time as it stands on the command line: `90s`, `30m`, `24h`, `7d`, `1h30m`.
struct DurationArgument: Equatable {
    let seconds: Int64

    /// A unit is always said: whether a bare 30 is seconds or minutes is not for us to guess.
    /// - Throws: what a time looks like.
    init(argument: String) throws {
        guard let seconds = Self.seconds(in: argument) else {
            throw ValidationError(
                "a time is 1s to 366d, with its unit, such as 90s, 30m, 24h or 7d")
        }
        self.seconds = seconds
    }

    private static func seconds(in argument: String) -> Int64? {
        var total: Int64 = 0
        var number: Int64?
        for character in argument.utf8 {
            if let digit = Self.digit(character) {
                let (tens, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
                let (sum, secondOverflow) = tens.addingReportingOverflow(digit)
                guard !overflow, !secondOverflow else { return nil }
                number = sum
            } else {
                guard let value = number, let unit = Self.unit(character) else { return nil }
                let (part, overflow) = value.multipliedReportingOverflow(by: unit)
                let (sum, secondOverflow) = total.addingReportingOverflow(part)
                guard !overflow, !secondOverflow else { return nil }
                total = sum
                number = nil
            }
        }
        return number == nil && Self.allowed.contains(total) ? total : nil
    }

    /// One second to one year.
    private static let allowed: ClosedRange<Int64> = 1...(366 * 86_400)

    private static func digit(_ character: UInt8) -> Int64? {
        (48...57).contains(character) ? Int64(character) - 48 : nil
    }

    private static func unit(_ character: UInt8) -> Int64? {
        switch character {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3_600
        case UInt8(ascii: "d"): 86_400
        default: nil
        }
    }
}
