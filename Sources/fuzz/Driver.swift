import Glibc
import SealiftFuzzing

/// libFuzzer's engine; its own `main` stays out, because `main.swift` has one.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What inputs go to. Written once, before the engine starts, which has one thread.
nonisolated(unsafe) var chosen: FuzzTarget?

/// Runs the engine until it is done, or ends the process at the first input that breaks something.
func run(libFuzzerArguments words: [String]) -> CInt {
    // The engine keeps pointers to its arguments: they live as long as the process.
    let arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
        capacity: words.count + 2)
    arguments[0] = strdup("fuzz")
    for (index, word) in words.enumerated() { arguments[index + 1] = strdup(word) }
    arguments[words.count + 1] = nil
    var count = CInt(words.count + 1)
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = arguments
    return runDriver(&count, &list, tryInput)
}

private func tryInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try chosen?.run(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        fail("broken rule: \(error.description)")
    }
    return 0
}

/// Ends the process as a crash, so that libFuzzer keeps the input.
func fail(_ message: String) -> Never {
    Array((message + "\n").utf8).withUnsafeBytes {
        _ = write(STDERR_FILENO, $0.baseAddress, $0.count)
    }
    abort()
}
