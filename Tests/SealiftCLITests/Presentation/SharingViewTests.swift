import SealiftBase
import SealiftPeople
import Testing

@testable import Sealift
@testable import SealiftCLI

@Suite("Shares, rules and offers that a person sees")
struct SharingViewTests {
    private let style = TerminalStyle(hasColors: false, repaints: false)
    private let identity: IdentityID
    private let time = WallTime(secondsSince1970: 1_795_000_000)

    init() throws {
        identity = IdentityID(try #require(Hash256([UInt8](repeating: 9, count: 32))))
    }

    private func person(_ name: String?, isVerified: Bool = true) -> PersonSummary {
        var person = PersonSummary(identity, nil)
        person.name = name
        person.isVerified = isVerified
        return person
    }

    private func offer(_ label: String, from person: PersonSummary) throws -> InboxItem {
        InboxItem(
            id: try #require(OfferID([UInt8](repeating: 0xAB, count: 16))), from: person,
            device: "00", label: try #require(OfferLabel(Array(label.utf8))), byteCount: 2_048,
            entryCount: 3, time: time, state: .waiting)
    }

    @Test("an offer's label moves no cursor and makes no line, in text and in JSON")
    func label() throws {
        let hostile = try offer("a\u{1B}[2J\nb\u{202E}c", from: person("eve", isVerified: false))
        for text in [
            InboxView.line(hostile, style: style), InboxView.text(hostile, style: style),
        ] {
            #expect(text.contains("a\\x1b[2J\\x0ab\\u{202e}c"))
            #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
            #expect(text.contains("NOT VERIFIED"))
        }
        let line = InboxView.json(hostile).line
        #expect(line.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(line.contains("\"verified\":false"))
    }

    @Test("a member's line says whose, what, how much and what is special")
    func member() throws {
        var member = MemberSummary(
            person: person("bob"), share: "models", role: .editor, isOver: false, quota: 4_096,
            movedBytes: 1_024, approval: .awaited)
        #expect(
            ShareView.line(member, style: style)
                == "bob                 editor    moved 1.00/4.00 KiB  WAITS FOR APPROVAL\n")
        member.expires = time
        member.isOver = true
        member.quota = nil
        member.approval = .notNeeded
        member.person = person(nil, isVerified: false)
        member.paths = [try #require(GrantedPath("a b"))]
        let line = ShareView.line(member, style: style)
        #expect(line.contains("NO CONTACT") && line.contains("ENDED 2026-11-18T"))
        #expect(line.contains("only a b") && line.contains("moved 1.00 KiB"))
    }

    @Test("an upload's lines say whose, what and where to, in words and for scripts")
    func upload() throws {
        let news = UploadNews(
            id: "ab", share: "models", path: "runs", label: "run 12", byteCount: 2_048)
        let began = UpEvent.uploadBegan(contact: "bob", news)
        #expect(
            UpView.text(began, style: style) == "bob puts run 12 into models/runs, 2.00 KiB\n")
        #expect(
            UpView.json(began).line.contains(
                "\"upload\":\"ab\",\"share\":\"models\",\"folder\":\"runs\""))
        let cut = UpEvent.uploadEnded(contact: "bob", news, bytes: 7, .rightEnded)
        #expect(UpView.text(cut, style: style).contains("did not get into models/runs"))
        #expect(UpView.json(cut).line.contains("\"received\":7,\"error\":\"declined\""))
        let asked = UpEvent.asked(
            contact: "bob", .members(.remove, share: "models", member: "eve"), isGranted: false)
        #expect(
            UpView.text(asked, style: style)
                == "bob asked for eve to be removed from models: refused\n")
        #expect(UpView.json(asked).line.contains("\"question\":\"remove\""))
        let hidden = UpEvent.asked(
            contact: "bob", .members(.members, share: nil, member: nil), isGranted: false)
        #expect(UpView.text(hidden, style: style).contains("not theirs to see"))
    }

    @Test("of a member of another's share the owner may not show all, and oneself is marked")
    func otherShare() throws {
        var own = person(nil)
        own.isSelf = true
        var member = MemberSummary(
            person: own, share: "models", owner: "ann", role: .admin, isOver: false,
            movedBytes: 0, approval: .notNeeded)
        member.paths = [try #require(GrantedPath("a b"))]
        member.hasMorePaths = true
        let line = ShareView.line(member, style: style)
        #expect(line.hasPrefix("you ") && !line.contains("NO CONTACT"))
        #expect(line.contains("only a b, others"))
        let shared = SharedMembers(
            owner: "ann", name: "a\u{1B}b", role: .admin, members: [member])
        #expect(!ShareView.text(shared, style: style).contains("\u{1B}"))
        #expect(ShareView.json(shared).line.contains("\"owner\":\"ann\""))
    }

    @Test("a rule's line says of whom, how much, and where to")
    func rule() {
        let rule = RuleSummary(
            number: 3, from: person("bob"), destination: "/srv/\u{1B}in",
            maximumByteCount: 1 << 30, quota: 1 << 32, acceptedBytes: 1 << 31, isOver: false)
        #expect(
            RuleView.line(rule, style: style)
                == "3    bob                 up to 1.00 GiB each  took 2.00/4.00 GiB  "
                + "into /srv/\\x1bin\n")
        #expect(RuleView.json(rule).line.contains("\"into_base64\":"))
    }
}
