import SealiftBase
import SealiftContent

extension FuzzTarget {
    /// Paths and link targets: whatever passes stays beneath the folder it is put into, and can be
    /// shown. The rules are stated here a second time, in the plainest way.
    static let names = FuzzTarget(
        "names", maximumLength: 2_048,
        seeds: {
            func pair(_ path: String, _ target: String) -> [UInt8] {
                seed {
                    $0.writeRun(path.utf8)
                    $0.write(target.utf8)
                }
            }
            return [
                pair("a/b/c", "../d"), pair("a/link", "./x/y"), pair("..", ".."),
                pair("a/../b", "/etc"), pair("a/.SeaLift. ./b", "../../a"),
                pair("a/\u{1B}[31m", "x/../y"), pair("a//b", ""),
                pair("tr\u{E9}e/\u{2028}", "\u{7F}"),
                pair(String(repeating: "a/", count: 300), String(repeating: "../", count: 9)),
            ]
        }
    ) { input throws(BrokenRule) in
        let (name, target) = (input.run(), input.rest())
        _ = PrintableText.escape(name)
        try demand(
            PrintableText.escape(name).unicodeScalars.allSatisfy { $0.value >= 0x20 },
            "an escaped text acts on a terminal")
        guard let path = try? EntryPath(name) else { return }
        try demand(path.bytes == name, "a path was changed")
        let components = name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        try demand(name.count <= 4_096 && components.count <= 256, "a path is too large")
        for component in components {
            try demand((1...255).contains(component.count), "a component's size")
            try demand(isName(component), "a component that is no name")
        }
        try demand(isPlainText(name), "a path with characters that act")
        try demand(path.depth == components.count, "a path's depth")
        if let parent = path.parent {
            try demand(parent < path && path.isBelow(parent), "a parent does not come before")
        }
        guard let link = try? LinkTarget(target, at: path) else { return }
        try demand(link.bytes == target && isPlainText(target), "a target that acts")
        try demand(staysInside(target, from: components.count - 1), "a link leads outside")
    }

    private static func isName(_ component: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: component, as: UTF8.self).lowercased()
        var bare = text[...]
        while bare.hasSuffix(".") || bare.hasSuffix(" ") { bare.removeLast() }
        return text != "." && text != ".." && bare != ".sealift"
    }

    private static func isPlainText(_ bytes: [UInt8]) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: false
            default: true
            }
        }
    }

    /// Whether a target, resolved by text from below `depth` directories of the tree, never leaves
    /// the first of them.
    private static func staysInside(_ target: [UInt8], from depth: Int) -> Bool {
        guard target.first != UInt8(ascii: "/") else { return false }
        var depth = depth
        for component in target.split(separator: UInt8(ascii: "/")) {
            switch String(decoding: component, as: UTF8.self) {
            case ".": break
            case "..": depth -= 1
            default: depth += 1
            }
            if depth < 1 { return false }
        }
        return depth >= 1
    }
}
