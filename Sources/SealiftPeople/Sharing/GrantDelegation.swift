internal import SealiftBase

extension Grant {
    /// Whether a member with this grant may give `other`, as far as paths, end, quota and approval go: what
    /// the role allows is ``Role``'s.
    ///
    /// Nobody gives away more than he has: an admin of one folder, of a week or of a gigabyte would
    /// otherwise have all of it through a second name.
    public func covers(_ other: Grant) -> Bool {
        guard share == other.share, approval != .awaited, paths.covers(other.paths) else {
            return false
        }
        if let expires {
            guard let end = other.expires, end <= expires else { return false }
        }
        if let quota {
            guard let limit = other.quota, limit <= quota else { return false }
        }
        return true
    }
}

extension PathSubset {
    /// Whether everything that `other` opens is open here too.
    func covers(_ other: PathSubset) -> Bool {
        switch (self, other) {
        case (.everything, _): true
        case (.only, .everything): false
        case (.only, .only(let paths)): paths.allSatisfy { contains($0) }
        }
    }
}
