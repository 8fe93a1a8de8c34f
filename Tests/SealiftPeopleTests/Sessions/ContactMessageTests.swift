import SealiftBase
import Testing

@testable import SealiftPeople

@Suite("A message between contacts")
struct ContactMessageTests {
    private static func samples() throws -> [ContactMessage] {
        let person = try Person(1)
        let head = ChainHead(
            identity: person.identity, position: ChainPosition(generation: 7, sequence: 3),
            hash: .zero)
        let share = try #require(ShareID([UInt8](repeating: 9, count: 16)))
        let path = try #require(GrantedPath("weights/part one"))
        let longName = [UInt8](repeating: UInt8(ascii: "n"), count: 255)
        let items = (0..<ContactMessage.maximumItemCount).map { index in
            FolderItem(
                kind: index.isMultiple(of: 2) ? .file : .folder, size: .max, modified: -1,
                name: longName)
        }
        let shares = (0..<ContactMessage.maximumItemCount).map { index in
            VisibleShare(
                id: share, role: .viewer, isApprovalAwaited: index == 0,
                expires: index == 1 ? WallTime(secondsSince1970: 99) : nil,
                name: Array(longName.prefix(64)))
        }
        let offer = try #require(
            PushOffer(
                id: [UInt8](repeating: 3, count: 16), byteCount: 1 << 60, entryCount: 4,
                label: Array("run 12".utf8), ticket: [UInt8](repeating: 97, count: 1_024)))
        return [
            .greeting(own: head, known: head, time: someTime), .news(length: 14_825_380),
            .chain([UInt8](repeating: 1, count: ContactMessage.maximumPartLength)),
            .request(.shares), .request(.folder(share, nil)), .request(.folder(share, path)),
            .request(.get(share, [])), .request(.get(share, [path, path])),
            .request(.offer(offer)), .answer(.shares(shares, isLast: true)),
            .answer(.folder(items, isLast: false)), .answer(.ticket([1])),
            .answer(.taken(.waiting)),
        ] + ContactRefusal.allCases.map { .answer(.refused($0)) }
    }

    @Test("is read as it was written, in pieces of any size, also where it is as long as it may be")
    func roundTrip() throws {
        let samples = try Self.samples()
        let whole = samples.flatMap(\.encoded)
        for step in [1, 7, 1_000, whole.count] {
            var unread: [UInt8] = []
            var read: [ContactMessage] = []
            for start in stride(from: 0, to: whole.count, by: step) {
                unread += whole[start..<min(start + step, whole.count)]
                while let message = try ContactMessage.cut(from: &unread) { read.append(message) }
            }
            #expect(read == samples)
            #expect(unread.isEmpty)
        }
    }

    @Test("is refused with a byte more or less, of another kind, or beyond a bound")
    func malformed() throws {
        for message in try Self.samples() {
            var bytes = Array(message.encoded)
            // The last byte taken away and the length told so: something is missing, or a name shorter.
            var unread = try lengthened(bytes, by: 1)
            if case .chain = message {
                #expect(throws: ContactFailure.violation) { try ContactMessage.cut(from: &unread) }
            } else {
                #expect(throws: ContactFailure.violation) { try ContactMessage.cut(from: &unread) }
            }
            bytes = []
        }
        for body: [UInt8] in [
            [], [0x00], [0x04], [0x7F], [0x84], [0x80, 0], [0x80, 10], [0x84, 3],
            [0x02, 0], [0x03], [0x81, 2, 0], [0x82, 0, 49], [0x83, 0],
        ] {
            var unread = [UInt8(body.count)] + body
            #expect(throws: ContactFailure.violation, "\(body)") {
                try ContactMessage.cut(from: &unread)
            }
        }
    }

    @Test(
        "names no path that is none: absolute, climbing, empty in the middle, or with a zero byte")
    func paths() throws {
        for path in ["/a", "../a", "a/../b", "a//b", "a/", ".", "a\\b", "a\u{0}b"] {
            let bytes = Array(path.utf8)
            let body = [0x11] + [UInt8](repeating: 9, count: 16) + [UInt8(bytes.count)] + bytes
            var unread = [UInt8(body.count)] + body
            #expect(throws: ContactFailure.violation, "\(path)") {
                try ContactMessage.cut(from: &unread)
            }
        }
    }

    /// The message with one byte more inside its length.
    private func lengthened(_ bytes: [UInt8], by count: Int) throws -> [UInt8] {
        let body = bytes.withUnsafeBytes { raw -> [UInt8] in
            var reader = ByteReader(raw)
            _ = try? reader.readVariableLengthInteger()
            return Array(reader.readRemaining())
        }
        var writer = ByteWriter(capacity: body.count + 8)
        writer.writeLengthPrefixed(body + [UInt8](repeating: 0, count: count))
        return writer.bytes
    }
}
