import Glibc

extension ReceiveOptions {
    /// Where things are received into, from the root on: what the log says of it later is read in
    /// another folder.
    var absoluteOutput: [UInt8] {
        guard output.first != UInt8(ascii: "/"), let current = getcwd(nil, 0) else { return output }
        defer { free(current) }
        let folder = Array(String(cString: current).utf8)
        return output == Array(".".utf8) ? folder : folder + [UInt8(ascii: "/")] + output
    }
}
