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
            .answer(.taken(.waiting)), .request(.upload(share, nil, offer)),
            .request(.upload(share, path, offer)), .request(.members(share)),
            .request(.grant(share, person.identity, try wish())),
            .request(
                .grant(
                    share, person.identity,
                    try wish(
                        role: .admin, paths: [path, path], lifetime: GrantWish.maximumLifetime,
                        quota: GrantWish.maximumQuota, needsApproval: true))),
            .request(.grant(share, person.identity, try wish(paths: [], quota: 0))),
            .request(.approve(share, person.identity)), .request(.remove(share, person.identity)),
            .request(.leave(share)), .answer(.members([], isLast: true)),
            .answer(.members(try members(of: person.identity, path), isLast: false)),
        ] + ContactRefusal.allCases.map { .answer(.refused($0)) }
    }

    private static func wish(
        role: Role? = nil, paths: [GrantedPath]? = nil, lifetime: UInt64? = nil,
        quota: UInt64? = nil, needsApproval: Bool = false
    ) throws -> GrantWish {
        try #require(
            GrantWish(
                role: role, paths: paths, lifetime: lifetime, quota: quota,
                needsApproval: needsApproval))
    }

    private static func members(
        of identity: IdentityID, _ path: GrantedPath
    ) throws -> [VisibleMember] {
        let parts: [VisibleMember.Part] = [
            .everything, .only([], hasMore: false), .only([path, path], hasMore: true),
        ]
        let approvals: [Grant.Approval] = [.notNeeded, .awaited, .given(by: identity)]
        return zip(parts, approvals).enumerated().map { index, entry in
            VisibleMember(
                identity: identity, role: index == 0 ? .admin : .viewer, part: entry.0,
                expires: index == 1 ? someTime : nil, quota: index == 2 ? 0 : nil,
                movedBytes: .max - 1, approval: entry.1)
        }
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
            [], [0x00], [0x04], [0x7F], [0x84], [0x80, 0], [0x80, 17], [0x84, 3],
            [0x02, 0], [0x03], [0x81, 2, 0], [0x82, 0, 49], [0x83, 0], [0x14], [0x15], [0x16],
            [0x17], [0x18], [0x19], [0x1A], [0x85], [0x85, 2, 0], [0x85, 1, 49], [0x86],
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

    @Test(
        "asks for no grant that cannot be: an owner's, of too many paths, of no time, without an end to numbers"
    )
    func wishes() throws {
        let start = [0x16] + [UInt8](repeating: 9, count: 16 + 32)
        let zero = [UInt8](repeating: 0, count: 8)
        let none = [UInt8](repeating: 0xFF, count: 8)
        func body(
            role: UInt8 = 1, paths: [UInt8] = [0], lifetime: [UInt8]? = nil,
            quota: [UInt8]? = nil, approval: UInt8 = 0
        ) -> [UInt8] {
            start + [role] + paths + (lifetime ?? zero) + (quota ?? none) + [approval]
        }
        func read(_ body: [UInt8]) throws -> ContactMessage? {
            var writer = ByteWriter(capacity: body.count + 4)
            writer.writeLengthPrefixed(body)
            var unread = writer.bytes
            return try ContactMessage.cut(from: &unread)
        }
        #expect(try read(body()) != nil)
        #expect(try read(body(role: 0, paths: [1, 0])) != nil)
        let climbing: [UInt8] = [1, 1, 4] + Array("../a".utf8)
        let noLimit: [UInt8] = [0x7F] + [UInt8](repeating: 0xFF, count: 7)
        for wrong in [
            body(role: 4), body(role: 5), body(role: 0xFF), body(paths: [2]), body(paths: [1]),
            // 65 paths, in two bytes.
            body(paths: [1, 0x40, 65] + [UInt8](repeating: 0x01, count: 130)),
            body(paths: climbing), body(lifetime: [0, 0, 1, 0, 0, 0, 0, 1]), body(lifetime: none),
            body(quota: noLimit), body(quota: [0x80] + zero.dropFirst()), body(approval: 2),
        ] {
            #expect(throws: ContactFailure.violation, "\(wrong.dropFirst(49))") { try read(wrong) }
        }
        #expect(GrantWish(role: .owner) == nil && GrantWish(lifetime: 0) == nil)
        let path = try #require(GrantedPath(String(repeating: "a", count: 250)))
        #expect(GrantWish(paths: Array(repeating: path, count: 49)) != nil)
        #expect(GrantWish(paths: Array(repeating: path, count: 50)) == nil)
    }

    @Test("shows members in as many messages as it takes, and no path that the asker may not see")
    func memberPages() throws {
        let share = try #require(ShareID([UInt8](repeating: 9, count: 16)))
        let person = try Person(1)
        let own = try #require(GrantedPath("weights"))
        let others = try (0..<200).map { number in
            let name = "\(number)" + String(repeating: "x", count: 200)
            return try #require(GrantedPath(number < 100 ? "weights/\(name)" : "private/\(name)"))
        }
        let grant = Grant(
            share: share, member: person.identity, role: .viewer, paths: .only(others.reversed()),
            quota: 7)
        let member = VisibleMember(grant, movedBytes: 3, within: .only([own]))
        guard case .only(let shown, hasMore: true) = member.part else {
            Issue.record("\(member.part)")
            return
        }
        #expect(
            !shown.isEmpty && shown.allSatisfy { $0.bytes.starts(with: Array("weights/".utf8)) })
        let many = Array(repeating: member, count: 130)
        let answers = VisibleMember.answers(many)
        var found: [VisibleMember] = []
        for (index, answer) in answers.enumerated() {
            var bytes = ContactMessage.answer(answer).encoded
            let read = try ContactMessage.cut(from: &bytes)
            #expect(read == .answer(answer) && bytes.isEmpty)
            #expect(answer.isLast == (index == answers.count - 1))
            if case .members(let page, _) = answer { found += page }
        }
        #expect(found == many)
        #expect(VisibleMember.answers([]) == [.members([], isLast: true)])
        let everything = VisibleMember(
            Grant(share: share, member: person.identity, role: .editor), movedBytes: 0,
            within: .only([own]))
        #expect(everything.part == .everything)
        #expect(
            VisibleMember.answers(Array(repeating: everything, count: 100)).count == 3)
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
