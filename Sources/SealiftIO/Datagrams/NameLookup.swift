import CSealiftSys
import Glibc

/// Asks the system's resolver for the addresses of a name. It may take many seconds: call it from a
/// thread that may block, never from one that owns sockets.
public enum NameLookup {
    /// The addresses of `host` with `port`, in the resolver's order, each once; a numeric address is
    /// itself and asks nobody. Empty where the name is not known or nobody answers.
    public static func addresses(of host: String, port: UInt16) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            var form = sealift_address()
            guard let raw = entry.pointee.ai_addr, sealift_address_read(raw, &form),
                let address = SocketAddress(form), !found.contains(address)
            else { continue }
            found.append(address)
        }
        return found
    }
}
