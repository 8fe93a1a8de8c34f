import Foundation
import SealiftBase
import SealiftCrypto
import SealiftIO
import SealiftPeople
import Testing

@testable import Sealift

@Suite("What is sent by a right, not by a bearer's ticket")
struct GrantedTransferTests {
    private static func device(_ transfer: LoopbackTransfer, _ home: String) throws -> DeviceID {
        try StateHome(transfer.bytes(home)).device().publicKeys.id
    }

    @Test("is given to the device that it is for, and to no other that has the ticket")
    func recipients() throws {
        let transfer = LoopbackTransfer()
        try transfer.write("weights", to: "model/a")
        let right = try Self.device(transfer, "home-receiver")
        let other = try Self.device(transfer, "home-other")
        let refused = try transfer.run(sending: "model", into: "in") {
            $0.grant = GrantedContent(recipients: [other], decision: .share)
        }
        #expect(refused.receiverError == .ticketDeclined)
        #expect(!FileManager.default.fileExists(atPath: transfer.path + "/in/model"))
        let given = try transfer.run(sending: "model", into: "in") {
            $0.grant = GrantedContent(recipients: [other, right], decision: .share)
        }
        #expect(given.receiverError == nil)
        #expect(try transfer.snapshot("in")[Array("model/a".utf8)] == Array("weights".utf8))
    }

    @Test(
        "lists what was granted and the folders that lead there, under the share's name, and nothing else"
    )
    func part() throws {
        let transfer = LoopbackTransfer()
        for file in ["a/b/wanted", "a/b/deep/too", "a/beside", "a/bc/alike", "top", "z/none"] {
            try transfer.write(file, to: "model/\(file)")
        }
        let right = try Self.device(transfer, "home-receiver")
        let granted = try #require(GrantedPath("a/b"))
        let outcome = try transfer.run(sending: "model", into: "in") {
            $0.grant = GrantedContent(
                recipients: [right], part: .only([granted]), name: Array("llm".utf8),
                decision: .share)
        }
        #expect(outcome.receiverError == nil)
        let found = try transfer.snapshot("in").keys.map { String(decoding: $0, as: UTF8.self) }
        #expect(
            found.filter { !$0.hasPrefix(".sealift") }.sorted()
                == [
                    "llm", "llm/a", "llm/a/b", "llm/a/b/deep", "llm/a/b/deep/too", "llm/a/b/wanted",
                ])
    }

    @Test("shows of a folder what was granted and what leads there, and goes through no link")
    func folders() throws {
        let transfer = LoopbackTransfer()
        for file in ["a/b/wanted", "a/beside", "top"] {
            try transfer.write(file, to: "model/\(file)")
        }
        try FileManager.default.createSymbolicLink(
            atPath: transfer.path + "/model/a/b/link", withDestinationPath: "/etc")
        try FileManager.default.createSymbolicLink(
            atPath: transfer.path + "/model/away", withDestinationPath: "/etc")
        let root = transfer.bytes("model")
        let granted = PathSubset.only([try #require(GrantedPath("a/b"))])
        func names(_ path: String?, _ part: PathSubset) throws -> [String]? {
            try ShareFolder.items(
                at: try path.map { try #require(GrantedPath($0)) }, in: root, granted: part)?
                .map { String(decoding: $0.name, as: UTF8.self) }
        }
        #expect(try names(nil, granted) == ["a"])
        #expect(try names("a", granted) == ["b"])
        #expect(try names("a/b", granted) == ["wanted"])
        #expect(try names("top", granted) == nil)
        #expect(try names("a/beside", granted) == nil)
        #expect(try names(nil, .everything) == ["a", "top"])
        // What transfers keep until it is whole is nobody's.
        try transfer.write("part", to: "model/a/.sealift/x")
        #expect(try names("a/.sealift", .everything) == nil)
        #expect(try names("a", .everything) == ["b", "beside"])
        // What a link would lead to is not there, granted or not.
        #expect((try? names("away", .everything)) ?? nil == nil)
        #expect((try? names("a/b/link", granted)) ?? nil == nil)
        #expect((try? names("away/ssl", .everything)) ?? nil == nil)
    }

    @Test(
        "goes into a folder of the share and nowhere else: through no link, no file, nothing private"
    )
    func uploadFolder() throws {
        let transfer = LoopbackTransfer()
        try transfer.write("there", to: "model/runs/one")
        try transfer.write("single", to: "single")
        try FileManager.default.createDirectory(
            atPath: transfer.path + "/outside", withIntermediateDirectories: true)
        for link in ["away", "runs/away"] {
            try FileManager.default.createSymbolicLink(
                atPath: transfer.path + "/model/" + link,
                withDestinationPath: transfer.path + "/outside")
        }
        try FileManager.default.createSymbolicLink(
            atPath: transfer.path + "/link", withDestinationPath: transfer.path + "/model")
        func destination(_ path: String?, in root: String = "model") throws -> DirectoryHandle? {
            try ShareFolder.destination(
                at: try path.map { try #require(GrantedPath($0)) }, in: transfer.bytes(root))
        }
        #expect(try destination(nil) != nil)
        #expect(try destination("runs") != nil)
        // What is missing is made, in the share.
        #expect(try destination("runs/a/b") != nil)
        #expect(FileManager.default.fileExists(atPath: transfer.path + "/model/runs/a/b"))
        for path in ["away", "away/x", "runs/away", "runs/away/x", "runs/one", "runs/one/x"] {
            #expect(try destination(path) == nil, "\(path)")
        }
        // Some file systems take the other spellings for the same name.
        for path in [
            ".sealift", "runs/.sealift", "runs/.sealift/x", ".SEALIFT", "runs/.Sealift/quarantine",
        ] {
            #expect(try destination(path) == nil, "\(path)")
        }
        #expect(try destination(nil, in: "single") == nil)
        #expect(try destination("x", in: "single") == nil)
        #expect(try destination(nil, in: "link") == nil)
        #expect(try destination(nil, in: "missing") == nil)
        let outside = try FileManager.default.contentsOfDirectory(
            atPath: transfer.path + "/outside")
        #expect(outside.isEmpty)
        for climbing in ["..", "../x", "runs/../../x", "/etc", "runs//x"] {
            #expect(GrantedPath(climbing) == nil)
        }
    }

    @Test("brings nothing through a link that stands in the folder, and replaces nothing there")
    func uploadThroughLink() throws {
        let transfer = LoopbackTransfer()
        try transfer.write("new weights", to: "source/deep/a")
        try transfer.write("outside", to: "outside/a")
        try transfer.directory("model/source")
        try FileManager.default.createSymbolicLink(
            atPath: transfer.path + "/model/source/deep",
            withDestinationPath: transfer.path + "/outside")
        let folder = try #require(
            try ShareFolder.destination(at: nil, in: transfer.bytes("model")))
        let linked = try transfer.run(sending: "source", into: "model") {
            _ in
        } receiving: {
            $0.folder = folder
            $0.onConflict = .rename
        }
        #expect(try transfer.snapshot("outside") == [Array("a".utf8): Array("outside".utf8)])
        #expect(linked.receiverError != nil)
        // Without the link it lands beside what is there.
        try FileManager.default.removeItem(atPath: transfer.path + "/model/source/deep")
        try transfer.write("old weights", to: "model/source/deep/a")
        let landed = try transfer.run(sending: "source", into: "model") {
            _ in
        } receiving: {
            $0.folder = folder
            $0.onConflict = .rename
        }
        #expect(landed.receiverError == nil)
        let found = try transfer.snapshot("model").values.map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(found.contains("old weights") && found.contains("new weights"))
    }
}
