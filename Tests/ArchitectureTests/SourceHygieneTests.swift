import Testing

@Suite("Sources")
struct SourceHygieneTests {
    /// The longest a file may be, in lines.
    private static let lineLimit = 600
    /// Files that may be longer, and why: none.
    private static let longFiles: Set<String> = []

    /// Targets whose code reads no clock, draws no randomness of its own and is not asynchronous.
    private static let cores: Set<String> = [
        "SealiftBase", "SealiftCrypto", "SealiftContent", "SealiftTransport", "SealiftTransfer",
        "SealiftTraversal", "SealiftPeople",
    ]

    private func allFiles() throws -> [SourceTree.File] {
        try SourceTree.files(below: "Sources") + SourceTree.files(below: "Tests")
    }

    /// Whether `word` stands in `line` by itself, not as a part of a longer word.
    private func contains(_ word: String, in line: Substring) -> Bool {
        line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == word }
    }

    @Test("leave nothing for later")
    func noLeftovers() throws {
        // Put together here, so that this file does not find itself.
        let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
        for file in try allFiles() {
            for (index, line) in file.lines.enumerated() {
                for word in words where contains(word, in: line) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
            }
        }
    }

    @Test("stay in files that can be read at once")
    func fileLengths() throws {
        for file in try allFiles() where !Self.longFiles.contains(file.path) {
            let count = file.lines.count
            #expect(count <= Self.lineLimit, "\(file.path) has \(count) lines")
        }
    }

    @Test("of the cores read no clock, wait for nothing and draw no unseeded number")
    func coresArePure() throws {
        let words = [
            "ContinuousClock", "SuspendingClock", "DispatchTime", "DispatchQueue", "clock_gettime",
            "gettimeofday", "Date", "Task", "async", "await", "Thread",
        ]
        for file in try SourceTree.files(below: "Sources") where Self.cores.contains(file.target) {
            for (index, line) in file.lines.enumerated() where !isComment(line) {
                let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
                for word in words where contains(word, in: code) {
                    Issue.record("\(file.path):\(index + 1): \(word) in a core")
                }
            }
        }
    }

    @Test("of the cores never end the process for something that can fail")
    func coresDoNotForce() throws {
        for file in try SourceTree.files(below: "Sources") where Self.cores.contains(file.target) {
            for (index, line) in file.lines.enumerated() where !isComment(line) {
                for force in ["try!", "as!", "fatalError("] where line.contains(force) {
                    Issue.record("\(file.path):\(index + 1): \(force) in a core")
                }
            }
        }
    }

    private func isComment(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }
}
