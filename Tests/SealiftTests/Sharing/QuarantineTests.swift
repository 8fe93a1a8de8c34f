import Foundation
import Glibc
import SealiftBase
import SealiftContent
import SealiftCrypto
import SealiftIO
import SealiftPeople
import SealiftStore
import SealiftTestSupport
import Testing

@testable import Sealift

/// What a rule with a quarantine took: received for real, then released, discarded, interrupted, attacked.
@Suite("An offer in quarantine")
struct QuarantineTests {
    /// A home with an identity, a contact bob, and an offer of his that lies in `in/.sealift/quarantine`.
    private struct Scene {
        let transfer = LoopbackTransfer()
        let home: [UInt8]
        let id: OfferID

        /// - Parameters:
        ///   - isWhole: whether all of it has come; else it is still on its way.
        ///   - prepare: changes what is offered: the folder `takes`.
        init(
            isWhole: Bool = true, _ prepare: (LoopbackTransfer) throws -> Void = { _ in }
        ) throws {
            home = transfer.bytes("home-receiver")
            id = try #require(OfferID([UInt8](repeating: 0xAB, count: 16)))
            try transfer.write("one", to: "takes/one")
            try transfer.write("#!/bin/sh", to: "takes/bin/run")
            try transfer.write(String(repeating: "x", count: 300_000), to: "takes/bin/large")
            for name in ["takes/bin/run", "takes/bin/large"] { chmod(path(name), 0o755) }
            try prepare(transfer)
            try transfer.directory("in")
            let contact = try begin()
            let rule = AcceptanceRule(
                from: contact.identity, destination: path("in"), maximumByteCount: 1 << 30,
                quarantines: true)
            _ = try log().addRule(try #require(rule)).get()
            let label = try #require(OfferLabel(Array("takes".utf8)))
            let device = try #require(contact.devices.devices.keys.first)
            _ = try log().addOffer(
                IncomingOffer(
                    id: id, offer: Offer(from: contact.identity, byteCount: 1 << 20, entryCount: 9),
                    device: device, label: label), time: SystemWallClock.now())
            try receive()
            if isWhole { _ = try log().holdOffer(id, device: device).get() }
        }

        /// Receives it as `up` does.
        private func receive() throws {
            let place = try QuarantinePlace.make(for: id, in: transfer.bytes("in"))
            let outcome = try transfer.run(sending: "takes", into: "unused") { _ in
            } receiving: {
                $0.output = QuarantinePlace.path(of: id, in: transfer.bytes("in"))
                $0.onConflict = .rename
                $0.quarantine = place
                $0.manifest = place.manifestPath
            }
            #expect(outcome.receiverError == nil)
        }

        private func begin() throws -> Contact {
            _ = try beginIdentity(newRecoveryWords(), home: home, passphrase: nil)
            var entropy = SeededEntropy(seed: 2)
            let seed = SecretBytes(copying: [UInt8](repeating: 2, count: 32))
            let author = try ChainAuthor(
                beginning: try #require(HybridSigningKey(seed: seed)),
                with: DeviceKeyPair.generate(entropy: &entropy),
                time: WallTime(secondsSince1970: 1_795_000_000))
            let contact = Contact(
                name: try ContactName("bob"), devices: author.view, verification: .verified(.code))
            try log().changeContacts(chain: author.chain) { book in
                Result<AuditEntry, ContactBookError> { () throws(ContactBookError) in
                    try book.add(contact)
                    return AuditEntry(.contactChanged, at: SystemWallClock.now(), reason: "added")
                }
            }.get()
            return contact
        }

        func path(_ name: String) -> String { "\(transfer.path)/\(name)" }
        func exists(_ name: String) -> Bool { access(path(name), F_OK) == 0 }
        /// The path of `name` in quarantine.
        func held(_ name: String) -> String { "in/.sealift/quarantine/\(id)/\(name)" }

        func mode(_ name: String) -> mode_t {
            var status = stat()
            return lstat(path(name), &status) == 0 ? status.st_mode & 0o7777 : 0
        }

        func text(_ name: String) -> String? {
            (try? Data(contentsOf: URL(fileURLWithPath: path(name))))
                .map { String(decoding: $0, as: UTF8.self) }
        }

        func log() throws -> AuditLog { try StateHome(home).log() }
        func store() throws -> Store { try StateHome(home).store() }

        func offer() throws -> StoredOffer {
            guard case .found(let offer) = try store().offer(id) else {
                throw StoreFailure.damaged("no offer")
            }
            return offer
        }

        func desk(
            _ strategy: DirectoryHandle.RenameStrategy = .automatic,
            _ onStep: @escaping (QuarantineDesk.Step) throws(SystemError) -> Void = { _ in }
        ) throws -> QuarantineDesk {
            QuarantineDesk(log: try log(), store: try store(), onStep: onStep, strategy: strategy)
        }

        func release(into: String? = nil) -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try releaseOffer(
                    "abab", into: into.map { Array(path($0).utf8) }, home: home, passphrase: .none)
            }
        }

        /// Releases it; what got a number, sorted.
        func releaseCounting() throws -> [String] {
            var numbered: [String] = []
            _ = try releaseOffer("abab", into: nil, home: home, passphrase: .none) { item in
                numbered.append(
                    "\(PrintableText.escape(item.path)): \(PrintableText.escape(item.name))")
            }
            return numbered.sorted()
        }

        func discard() -> ErrorCode? {
            code { () throws(SealiftError) in
                _ = try discardOffer("abab", home: home, passphrase: .none)
            }
        }

        private func code(_ body: () throws(SealiftError) -> Void) -> ErrorCode? {
            do throws(SealiftError) {
                try body()
                return nil
            } catch {
                return error.code
            }
        }

        /// What the log says of the offer, in order.
        func reasons() throws -> [String] {
            var reasons: [String] = []
            try log().forEachEntry { _, entry in
                if let entry = try? entry.get(), entry.reason.hasPrefix("offer_") {
                    reasons.append(entry.reason)
                }
                return true
            }
            return reasons
        }
    }

    private static let released = ["offer_held", "offer_release", "offer_released"]

    @Test("lies out of everybody's sight, with nothing that can be executed")
    func hidden() throws {
        let scene = try Scene()
        for name in ["in/.sealift", "in/.sealift/quarantine", scene.held("")] {
            #expect(scene.mode(name) == 0o700, "\(name)")
        }
        for name in ["takes/one", "takes/bin/run", "takes/bin/large"] {
            #expect(scene.mode(scene.held(name)) & 0o111 == 0, "\(name)")
            #expect(scene.text(scene.held(name)) == scene.text(name))
        }
        // No scan and no share lists it, asked for by name neither.
        let tree = try SourceTree(roots: [try ScanRoot(argument: scene.transfer.bytes("in"))])
        var found: [[UInt8]] = []
        try TreeScanner(holeLimit: 0).scan(tree) { event in
            if case .item(let item) = event { found.append(item.path) }
        }
        #expect(found == [Array("in".utf8)])
        let root = scene.transfer.bytes("in")
        #expect(try ShareFolder.items(at: nil, in: root, granted: .everything) == [])
        for path in [".sealift", ".sealift/quarantine", ".sealift/quarantine/\(scene.id)"] {
            let asked = try #require(GrantedPath(path))
            #expect(try ShareFolder.items(at: asked, in: root, granted: .everything) == nil)
        }
        // The inbox says where to look, and nothing else takes or refuses it.
        let item = try #require(try readInbox(all: false, home: scene.home).first)
        let folder = String(scene.path(scene.held("")).dropLast())
        #expect(item.state == .held && item.held?.folder == Array(folder.utf8))
        do throws(SealiftError) {
            _ = try declineOffer("abab", home: scene.home, passphrase: .none)
            Issue.record("declined")
        } catch {
            #expect(error.code == .offerSettled && error.advice.contains("release"))
        }
    }

    @Test("is moved to its folder when it is released, executable again, and nothing stays behind")
    func releases() throws {
        let scene = try Scene()
        #expect(scene.release() == nil)
        for name in ["one", "bin/run", "bin/large"] {
            #expect(scene.text("in/takes/\(name)") == scene.text("takes/\(name)"))
        }
        #expect(scene.mode("in/takes/bin/run") & 0o100 != 0)
        #expect(scene.mode("in/takes/one") & 0o111 == 0)
        #expect(!scene.exists("in/.sealift"))
        #expect(try scene.offer().state == .done)
        #expect(try scene.reasons() == Self.released)
        #expect(scene.release() == .offerSettled && scene.discard() == .offerSettled)
        #expect(try readInbox(all: false, home: scene.home) == [])
    }

    @Test("goes to another folder of the same file system, and to none of sealift's own")
    func elsewhere() throws {
        let scene = try Scene()
        try scene.transfer.directory("other")
        #expect(scene.release(into: "missing") == .sourceNotFound)
        #expect(scene.release(into: "home-receiver") == .usage)
        #expect(scene.release(into: "in/.sealift/quarantine") == .usage)
        let other = Array("/proc/self".utf8)
        #expect(
            throws: SealiftError.self,
            performing: {
                _ = try releaseOffer("abab", into: other, home: scene.home, passphrase: .none)
            })
        #expect(try scene.offer().state == .held)
        #expect(scene.release(into: "other") == nil)
        #expect(scene.text("other/takes/one") == "one" && !scene.exists("in/.sealift"))
        #expect(try scene.offer().destination == scene.transfer.bytes("other"))
    }

    @Test("merges with folders that are there, and replaces no file, no link and no folder")
    func conflicts() throws {
        let scene = try Scene {
            try $0.write("theirs", to: "takes/file")
            try $0.write("theirs", to: "takes/link")
            try $0.write("theirs", to: "takes/folder/a")
        }
        try scene.transfer.write("mine", to: "in/takes/one")
        try scene.transfer.write("mine", to: "in/takes/one (1)")
        try scene.transfer.write("mine", to: "in/takes/folder")
        try scene.transfer.write("mine", to: "in/takes/bin/run")
        try scene.transfer.write("outside", to: "outside/a")
        symlink(scene.path("outside"), scene.path("in/takes/link"))
        let numbered = try scene.releaseCounting()
        #expect(
            numbered == [
                "takes/bin/run: run (1)", "takes/folder: folder (1)", "takes/link: link (1)",
                "takes/one: one (2)",
            ])
        for name in ["one", "one (1)", "folder", "bin/run"] {
            #expect(scene.text("in/takes/\(name)") == "mine", "\(name)")
        }
        #expect(scene.text("in/takes/one (2)") == "one")
        #expect(scene.text("in/takes/folder (1)/a") == "theirs")
        #expect(scene.text("in/takes/link (1)") == "theirs")
        #expect(scene.text("in/takes/file") == "theirs")
        #expect(scene.mode("in/takes/bin/run (1)") & 0o100 != 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.path("outside")) == ["a"])
    }

    @Test(
        "that was being released when the machine died goes on, and loses and doubles nothing",
        arguments: QuarantineDesk.Step.allCases, [false, true])
    func crashes(step: QuarantineDesk.Step, byLinks: Bool) throws {
        let scene = try Scene()
        let strategy: DirectoryHandle.RenameStrategy = byLinks ? .linkThenUnlink : .automatic
        let kill = SystemError(code: EINTR, operation: "killed")
        let desk = try scene.desk(strategy) { done throws(SystemError) in
            if done == step { throw kill }
        }
        let offer = try scene.offer()
        #expect(throws: SealiftError.self, performing: { _ = try desk.release(offer, into: nil) })
        let left = try scene.offer()
        #expect(left.state == (step == .settled ? .done : .releasing))
        if step != .settled { _ = try scene.desk(strategy).release(left, into: nil) }
        #expect(try scene.offer().state == .done)
        let found = try FileManager.default.subpathsOfDirectory(atPath: scene.path("in/takes"))
        #expect(found.sorted() == ["bin", "bin/large", "bin/run", "one"])
        #expect(scene.mode("in/takes/bin/run") & 0o100 != 0)
        #expect(try scene.reasons() == Self.released)
    }

    @Test("that has two names because a link was made and not yet removed lands once")
    func linked() throws {
        let scene = try Scene()
        let desk = try scene.desk { done throws(SystemError) in
            if done == .logged { throw SystemError(code: EINTR, operation: "killed") }
        }
        let offer = try scene.offer()
        #expect(throws: SealiftError.self, performing: { _ = try desk.release(offer, into: nil) })
        // As a crash between linkat and unlinkat leaves it.
        try scene.transfer.directory("in/takes")
        link(scene.path(scene.held("takes/one")), scene.path("in/takes/one"))
        #expect(scene.release() == nil)
        let found = try FileManager.default.subpathsOfDirectory(atPath: scene.path("in/takes"))
        #expect(found.sorted() == ["bin", "bin/large", "bin/run", "one"])
    }

    @Test("is deleted when it is discarded, also in two goes, and its rule keeps count")
    func discards() throws {
        let scene = try Scene()
        try scene.transfer.write("mine", to: "in/beside")
        let desk = try scene.desk { done throws(SystemError) in
            if done == .logged { throw SystemError(code: EINTR, operation: "killed") }
        }
        let offer = try scene.offer()
        #expect(throws: SealiftError.self, performing: { _ = try desk.discard(offer) })
        #expect(try scene.offer().state == .discarding && scene.exists(scene.held("takes/one")))
        #expect(scene.release() == .offerSettled)
        #expect(scene.discard() == nil)
        #expect(!scene.exists("in/.sealift") && scene.text("in/beside") == "mine")
        #expect(try scene.offer().state == .discarded)
        #expect(try readRules(home: scene.home).first?.acceptedBytes == 1 << 20)
        #expect(try scene.reasons() == ["offer_held", "offer_discard", "offer_discarded"])
    }

    @Test("that is released leaves alone what somebody put into its folder meanwhile")
    func added() throws {
        let scene = try Scene()
        let late = scene.path(scene.held("late"))
        let desk = try scene.desk { done throws(SystemError) in
            if done == .carriedOut { try? Data("late".utf8).write(to: URL(fileURLWithPath: late)) }
        }
        #expect(try desk.release(scene.offer(), into: nil).state == .done)
        #expect(scene.text(scene.held("late")) == "late" && scene.text("in/takes/one") == "one")
    }

    @Test("leads neither a release nor a discard out of its folder by links that were put there")
    func links() throws {
        for isReleased in [true, false] {
            let scene = try Scene()
            try scene.transfer.write("outside", to: "outside/run")
            chmod(scene.path("outside/run"), 0o600)
            symlink(scene.path("outside"), scene.path(scene.held("takes/away")))
            // In the place of a file that is to be executable, and of a folder.
            unlink(scene.path(scene.held("takes/bin/run")))
            symlink(scene.path("outside/run"), scene.path(scene.held("takes/bin/run")))
            #expect((isReleased ? scene.release() : scene.discard()) == nil)
            #expect(scene.text("outside/run") == "outside" && scene.mode("outside/run") == 0o600)
            #expect(!scene.exists("in/.sealift"))
            // A link is moved as the link that it is.
            #expect(!isReleased || scene.text("in/takes/away/run") == "outside")
        }
    }

    @Test("that somebody swapped for a link is not released, and discarding deletes the link alone")
    func swapped() throws {
        let scene = try Scene()
        let folder = String(scene.path(scene.held("")).dropLast())
        rename(folder, scene.path("away"))
        symlink(scene.path("away"), folder)
        #expect(scene.release() == .sourceUnreadable)
        #expect(try scene.offer().state == .held)
        #expect(scene.discard() == nil)
        #expect(scene.text("away/takes/one") == "one" && !scene.exists("in/.sealift"))
    }

    @Test("goes with a contact who is removed while it is on its way, and stays where it has come")
    func contactRemoved() throws {
        for isWhole in [false, true] {
            let scene = try Scene(isWhole: isWhole)
            try scene.transfer.write("mine", to: "in/beside")
            let removed = try changeContact("bob", .remove, home: scene.home, passphrase: .none)
            #expect(removed.name == "bob")
            #expect(scene.exists(scene.held("takes/one")) == isWhole)
            #expect(scene.exists("in/.sealift") == isWhole && scene.text("in/beside") == "mine")
            #expect(try readInbox(all: true, home: scene.home).count == (isWhole ? 1 : 0))
        }
    }

    @Test("is cleared away after it came in part and was declined or taken by hand, and stays else")
    func part() throws {
        func isKept(_ scene: Scene) throws -> Bool {
            let access = try ContactAccess(home: scene.home, passphrase: .none)
            access.forgetPart(of: scene.id, in: scene.transfer.bytes("in"))
            return scene.exists(scene.held("takes/one"))
        }
        let accepted = try Scene(isWhole: false)
        #expect(try accepted.offer().state == .accepted)
        #expect(try isKept(accepted))
        let held = try Scene()
        #expect(try held.offer().state == .held)
        #expect(try isKept(held))
        for isReleased in [true, false] {
            let leaving = try Scene()
            let desk = try leaving.desk { done throws(SystemError) in
                if done == .logged { throw SystemError(code: EINTR, operation: "killed") }
            }
            let offer = try leaving.offer()
            #expect(throws: SealiftError.self) {
                _ = try isReleased ? desk.release(offer, into: nil) : desk.discard(offer)
            }
            #expect(try leaving.offer().state == (isReleased ? .releasing : .discarding))
            #expect(try isKept(leaving))
        }
        for isDeclined in [true, false] {
            let settled = try Scene(isWhole: false)
            try settled.transfer.write("mine", to: "in/beside")
            if isDeclined {
                _ = try declineOffer("abab", home: settled.home, passphrase: .none)
            } else {
                let access = try ContactAccess(home: settled.home, passphrase: .none)
                #expect(try access.finish(settled.id))
            }
            // `sealift up` may have written on after whoever settled it removed what was there.
            _ = try QuarantinePlace.make(for: settled.id, in: settled.transfer.bytes("in"))
            try settled.transfer.write("late", to: settled.held("takes/one"))
            #expect(try settled.offer().state == (isDeclined ? .declined : .done))
            #expect(try !isKept(settled))
            #expect(!settled.exists("in/.sealift") && settled.text("in/beside") == "mine")
        }
    }

    @Test("is not held, and goes, where it came whole after it was declined or its contact removed")
    func cameTooLate() throws {
        for isDeclined in [true, false] {
            let scene = try Scene(isWhole: false)
            let access = try ContactAccess(home: scene.home, passphrase: .none)
            if isDeclined {
                _ = try declineOffer("abab", home: scene.home, passphrase: .none)
            } else {
                _ = try changeContact("bob", .remove, home: scene.home, passphrase: .none)
            }
            _ = try QuarantinePlace.make(for: scene.id, in: scene.transfer.bytes("in"))
            try scene.transfer.write("late", to: scene.held("takes/one"))
            #expect(try access.settle(scene.id) == nil)
            access.forgetPart(of: scene.id, in: scene.transfer.bytes("in"))
            #expect(!scene.exists("in/.sealift"))
        }
    }

    @Test("keeps what somebody put beside it while it was released")
    func besideRelease() throws {
        let scene = try Scene()
        #expect(scene.release() == nil)
        _ = try QuarantinePlace.make(for: scene.id, in: scene.transfer.bytes("in"))
        try scene.transfer.write("mine", to: scene.held("beside"))
        let access = try ContactAccess(home: scene.home, passphrase: .none)
        access.forgetPart(of: scene.id, in: scene.transfer.bytes("in"))
        #expect(scene.text(scene.held("beside")) == "mine")
    }

    @Test("that somebody deleted by hand is told so, and can be taken off the list")
    func gone() throws {
        let scene = try Scene()
        try FileManager.default.removeItem(atPath: scene.path(scene.held("")))
        #expect(scene.release() == .sourceNotFound)
        #expect(try scene.offer().state == .held)
        // The whole folder away may be a volume that is not mounted: nothing is taken off then.
        rename(scene.path("in"), scene.path("unmounted"))
        #expect(scene.discard() == .sourceNotFound)
        #expect(try scene.offer().state == .held)
        rename(scene.path("unmounted"), scene.path("in"))
        #expect(scene.discard() == nil)
        #expect(try scene.offer().state == .discarded)
    }

    @Test("does not go where another user, or a link, stands in the way of its private folder")
    func foreign() throws {
        let transfer = LoopbackTransfer()
        try transfer.directory("in")
        try transfer.directory("elsewhere")
        symlink(transfer.path + "/elsewhere", transfer.path + "/in/.sealift")
        let id = try #require(OfferID([UInt8](repeating: 1, count: 16)))
        #expect(throws: SystemError.self) {
            _ = try QuarantinePlace.make(for: id, in: transfer.bytes("in"))
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: transfer.path + "/elsewhere") == [])
        // Who may write to the folder put another in its place, with what the user never received.
        guard geteuid() == 0 else { return }
        let scene = try Scene()
        chown(scene.path("in/.sealift"), 1, 1)
        #expect(scene.release() == .sourceUnreadable)
        #expect(try scene.offer().state == .held && !scene.exists("in/takes"))
    }
}
