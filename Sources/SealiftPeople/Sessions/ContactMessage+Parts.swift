internal import SealiftBase
internal import SealiftCrypto

// What several messages are made of.
extension ByteReader {
    mutating func readChainHead() throws(Failure) -> ChainHead {
        let bytes = try readBytes(count: ChainHead.byteCount)
        guard let head = ChainHead(decoding: bytes) else { throw .outOfBounds }
        return head
    }

    mutating func readShareID() throws(Failure) -> ShareID {
        guard let id = ShareID(try readArray(count: ShareID.byteCount)) else {
            throw .outOfBounds
        }
        return id
    }

    mutating func readFlag() throws(Failure) -> Bool {
        switch try readUInt8() {
        case 0: false
        case 1: true
        default: throw .outOfBounds
        }
    }

    /// Reads a run behind its length, which is in `bounds`.
    mutating func readRun(_ bounds: ClosedRange<Int>) throws(Failure) -> [UInt8] {
        let bytes = Array(try readLengthPrefixedBytes(atMost: bounds.upperBound))
        guard bytes.count >= bounds.lowerBound else { throw .outOfBounds }
        return bytes
    }

    /// Reads a path inside a share; nil for no bytes, which is the share itself.
    mutating func readInnerPath() throws(Failure) -> GrantedPath? {
        let bytes = try readRun(0...GrantedPath.maximumByteCount)
        if bytes.isEmpty { return nil }
        guard let path = GrantedPath(bytes) else { throw .outOfBounds }
        return path
    }

    /// Reads as many paths as one message may name.
    /// - Parameter bound: the most bytes of all together.
    mutating func readPaths(atMost bound: Int) throws(Failure) -> [GrantedPath] {
        let count = try readVariableLengthInteger(atMost: UInt64(ContactRequest.maximumPartCount))
        var paths: [GrantedPath] = []
        var byteCount = 0
        for _ in 0..<count {
            let bytes = try readRun(1...GrantedPath.maximumByteCount)
            byteCount += bytes.count
            guard byteCount <= bound, let path = GrantedPath(bytes) else { throw .outOfBounds }
            paths.append(path)
        }
        return paths
    }

    mutating func readPushOffer() throws(Failure) -> PushOffer {
        let id = try readArray(count: PushOffer.idByteCount)
        let bytes = try readUInt64()
        let entries = try readUInt64()
        let label = try readRun(1...PushOffer.maximumLabelByteCount)
        let ticket = try readRun(1...PushOffer.maximumTicketByteCount)
        guard
            let offer = PushOffer(
                id: id, byteCount: bytes, entryCount: entries, label: label, ticket: ticket)
        else { throw .outOfBounds }
        return offer
    }

    mutating func readGrantWish() throws(Failure) -> GrantWish {
        let number = try readUInt8()
        let role = Role(rawValue: number)
        guard number == 0 || role != nil else { throw .outOfBounds }
        let paths =
            try readFlag() ? try readPaths(atMost: ContactRequest.maximumPartByteCount) : nil
        let lifetime = try readUInt64()
        let quota = try readUInt64()
        guard
            let wish = GrantWish(
                role: role, paths: paths, lifetime: lifetime == 0 ? nil : lifetime,
                quota: quota == .max ? nil : quota, needsApproval: try readFlag())
        else { throw .outOfBounds }
        return wish
    }

    mutating func readMember() throws(Failure) -> VisibleMember {
        let identity = IdentityID(try readHash())
        guard let role = Role(rawValue: try readUInt8()), role < .owner else { throw .outOfBounds }
        let approval: Grant.Approval
        switch try readUInt8() {
        case 0: approval = .notNeeded
        case 1: approval = .awaited
        case 2: approval = .given(by: IdentityID(try readHash()))
        default: throw .outOfBounds
        }
        guard let expires = Int64(exactly: try readUInt64()) else { throw .outOfBounds }
        let quota = try readUInt64()
        let movedBytes = try readUInt64()
        let part: VisibleMember.Part
        switch try readUInt8() {
        case 0: part = .everything
        case 1:
            part = .only(
                try readPaths(atMost: VisibleMember.maximumPathByteCount), hasMore: false)
        case 2:
            part = .only(try readPaths(atMost: VisibleMember.maximumPathByteCount), hasMore: true)
        default: throw .outOfBounds
        }
        return VisibleMember(
            identity: identity, role: role, part: part,
            expires: expires == 0 ? nil : WallTime(secondsSince1970: expires),
            quota: quota == .max ? nil : quota, movedBytes: movedBytes, approval: approval)
    }
}

extension PushOffer {
    func write(to body: inout ByteWriter) {
        body.write(id)
        body.write(byteCount)
        body.write(entryCount)
        body.writeLengthPrefixed(label)
        body.writeLengthPrefixed(ticket)
    }
}

extension GrantWish {
    func write(to body: inout ByteWriter) {
        body.write(role?.rawValue ?? 0)
        body.write(paths == nil ? 0 : 1 as UInt8)
        if let paths { body.write(paths: paths) }
        body.write(lifetime ?? 0)
        body.write(quota ?? .max)
        body.write(needsApproval ? 1 : 0 as UInt8)
    }
}

extension VisibleMember {
    func write(to body: inout ByteWriter) {
        body.write(identity.value)
        body.write(role.rawValue)
        switch approval {
        case .notNeeded: body.write(0 as UInt8)
        case .awaited: body.write(1 as UInt8)
        case .given(let identity):
            body.write(2 as UInt8)
            body.write(identity.value)
        }
        body.write(UInt64(clamping: expires?.secondsSince1970 ?? 0))
        body.write(quota ?? .max)
        body.write(movedBytes)
        switch part {
        case .everything: body.write(0 as UInt8)
        case .only(let paths, let hasMore):
            body.write(hasMore ? 2 : 1 as UInt8)
            body.write(paths: paths)
        }
    }

    /// How many bytes a message needs for it.
    var encodedByteCount: Int {
        var body = ByteWriter(capacity: 256)
        write(to: &body)
        return body.count
    }
}

extension ByteWriter {
    fileprivate mutating func write(paths: [GrantedPath]) {
        writeVariableLengthInteger(UInt64(paths.count))
        for path in paths { writeLengthPrefixed(path.bytes) }
    }
}
