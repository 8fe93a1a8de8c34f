import Glibc

/// What the kernel allows datagram sockets, and what it has dropped: numbers that an administrator can
/// look at and change.
public struct DatagramLimits: Equatable, Sendable {
    /// `net.core.rmem_max`: the most an unprivileged program gets to receive into, in bytes; nil where it
    /// cannot be read.
    public var receiveBuffer: Int?
    /// `net.core.wmem_max`: the same to send from.
    public var sendBuffer: Int?
    /// Datagrams dropped since the machine started because a program did not read them in time
    /// (`RcvbufErrors` of both families), in this network namespace.
    public var receiveDrops: UInt64?
    /// Datagrams that found no room on their way out (`SndbufErrors`).
    public var sendDrops: UInt64?

    /// Reads them all from `/proc`.
    public static func read() -> DatagramLimits {
        let four = text("/proc/net", "snmp").map { table($0) } ?? [:]
        let six = text("/proc/net", "snmp6").map { list($0) } ?? [:]
        func sum(_ name: String) -> UInt64? {
            let found = [four[name], six["Udp6" + name]].compactMap { $0 }
            return found.isEmpty ? nil : found.reduce(0, &+)
        }
        return DatagramLimits(
            receiveBuffer: number("/proc/sys/net/core", "rmem_max"),
            sendBuffer: number("/proc/sys/net/core", "wmem_max"),
            receiveDrops: sum("RcvbufErrors"), sendDrops: sum("SndbufErrors"))
    }

    /// The largest packet of an interface, in bytes of IP; nil where it cannot be read.
    public static func interfaceMTU(_ name: String) -> Int? {
        guard !name.contains("/") else { return nil }
        return number("/sys/class/net/\(name)", "mtu")
    }

    /// The counters of the line pair that begins with `Udp:` (names, then values).
    static func table(_ text: String) -> [String: UInt64] {
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("Udp:") }
        guard lines.count == 2 else { return [:] }
        let columns = lines.map { $0.split(separator: " ").dropFirst() }
        return Dictionary(
            zip(columns[0].map(String.init), columns[1].map { UInt64($0) ?? 0 }),
            uniquingKeysWith: { first, _ in first })
    }

    /// The counters of a file of lines of name and value.
    static func list(_ text: String) -> [String: UInt64] {
        Dictionary(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                guard words.count == 2, let value = UInt64(words[1]) else { return nil }
                return (String(words[0]), value)
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func number(_ folder: String, _ name: String) -> Int? {
        text(folder, name).flatMap { Int($0.filter { !$0.isWhitespace }) }
    }

    private static func text(_ folder: String, _ name: String) -> String? {
        guard let parent = try? DirectoryHandle.open(path: Array(folder.utf8)),
            let file = try? parent.openFile(Array(name.utf8), for: .reading),
            let bytes = try? file.readAll(atMost: 65_536)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
