/// The module that a line of Swift imports, whatever stands around the word: attributes, an access
/// level, a kind of symbol, a submodule.
func importedModule(in line: some StringProtocol) -> String? {
    var words = line.split(whereSeparator: \.isWhitespace)[...]
    while let word = words.first, word.hasPrefix("@") { words = words.dropFirst() }
    if let word = words.first,
        ["public", "package", "internal", "fileprivate", "private"].contains(word)
    {
        words = words.dropFirst()
    }
    guard words.popFirst() == "import" else { return nil }
    let kinds = ["class", "enum", "func", "let", "protocol", "struct", "typealias", "var"]
    if let word = words.first, kinds.contains(String(word)) { words = words.dropFirst() }
    return words.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
}
