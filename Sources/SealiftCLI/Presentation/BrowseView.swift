internal import Sealift
internal import SealiftBase
internal import SealiftPeople

/// What `sealift browse` shows. Names are a contact's text, and escaped.
enum BrowseView {
    /// A share on one line.
    /// - Parameter hasDevice: whether to say on which of the contact's devices it lies.
    static func line(_ share: SharedItem, hasDevice: Bool, style: TerminalStyle) -> String {
        var text = padded(PrintableText.escape(share.name), to: 28) + word(share.role)
        if share.isApprovalAwaited { text += style.warning(", waits for somebody's yes") }
        if let expires = share.expires {
            text += ", until \(LogView.time(WallTime(secondsSince1970: expires)))"
        }
        if hasDevice { text += "  on \(share.device)" }
        return text + "\n"
    }

    /// An item of a folder on one line.
    static func line(_ item: FolderItem, style: TerminalStyle) -> String {
        let name = PrintableText.escape(item.name)
        switch item.kind {
        case .folder: return padded("", to: 12) + style.strong(name + "/") + "\n"
        case .file: return padded(ByteText.text(item.size), to: 12) + name + "\n"
        }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func word(_ role: Role) -> String {
        switch role {
        case .viewer: "viewer"
        case .editor: "editor"
        case .admin: "admin"
        case .owner: "owner"
        }
    }

    // MARK: Scripts

    /// A share.
    static func json(_ share: SharedItem, of contact: String) -> JSONText {
        JSONEvents.object(
            "shared",
            [
                ("contact", .string(contact)), ("device", .string(share.device)),
                ("role", .string(word(share.role))),
                ("approval_awaited", .bool(share.isApprovalAwaited)),
                ("expires", share.expires.map { .signed($0) } ?? .null),
            ] + JSONEvents.path(share.name, named: "name"))
    }

    /// An item of a folder.
    static func json(_ item: FolderItem) -> JSONText {
        JSONEvents.object(
            "item",
            [
                ("kind", .string(item.kind == .file ? "file" : "folder")),
                ("size", .integer(item.size)), ("modified", .signed(item.modified)),
            ] + JSONEvents.path(item.name, named: "name"))
    }
}
