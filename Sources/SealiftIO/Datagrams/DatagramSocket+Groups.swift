import CSealiftSys
import Glibc

extension DatagramSocket {
    /// Opens a socket that hears what is sent to `group` at the interfaces with these indices. Others
    /// may hear the same.
    ///
    /// An IPv6 socket is bound to the port alone, because a group of the link is another one at each
    /// interface: look at each datagram's ``ReceivedBuffer/destination``.
    /// - Throws: the kernel's reason where not one interface could be joined.
    public convenience init(
        listeningTo group: SocketAddress, interfaces: [UInt32]
    ) throws(SystemError) {
        let family = Int32(group.family.rawValue)
        let descriptor = Descriptor(try checked(sealift_datagram_open(family), "socket"))
        let number = descriptor.number
        if group.family == .ipv6 {
            try checked(sealift_datagram_only_version_6(number), "IPV6_V6ONLY")
        }
        try checked(sealift_datagram_report_everything(number, family), "socket options")
        try checked(sealift_group_share_port(number), "SO_REUSEADDR")
        var form =
            (group.family == .ipv4 ? group : .unspecified(.ipv6).with(port: group.port)).kernelForm
        try checked(sealift_datagram_bind(number, &form), "bind")
        form = group.kernelForm
        var failure = SystemError(code: ENODEV, operation: "join group")
        var joined = 0
        for interface in interfaces {
            do throws(SystemError) {
                try checked(sealift_group_join(number, &form, interface), "join group")
                joined += 1
            } catch {
                failure = error
            }
        }
        guard joined > 0 else { throw failure }
        try self.init(bound: descriptor)
    }
}
