internal import ArgumentParser
internal import Sealift

/// A path as it stands on the command line: its exact bytes, never empty.
struct PathArgument: ExpressibleByArgument, Equatable {
    let bytes: [UInt8]

    init?(argument: String) {
        bytes = ArgumentBytes.bytes(of: argument)
        if bytes.isEmpty { return nil }
    }
}

/// An address as it stands on the command line: `ADDR:PORT`.
struct AddressArgument: ExpressibleByArgument, Equatable {
    let address: EndpointAddress

    init?(argument: String) {
        guard let address = EndpointAddress(argument) else { return nil }
        self.address = address
    }
}

/// A span of time as it stands on the command line: `90s`, `30m`, `24h`, `7d`, `1h30m`.
struct DurationArgument: ExpressibleByArgument, Equatable {
    let seconds: Int64

    /// A unit is always said: whether a bare 30 is seconds or minutes is not for us to guess.
    init?(argument: String) {
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
        guard number == nil, Self.allowed.contains(total) else { return nil }
        seconds = total
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
