import SealiftBase
import SealiftIO
import SealiftTransfer

extension ManifestFile {
    /// Makes the file that the user named.
    convenience init(named path: [UInt8]) throws(SealiftError) {
        do throws(SystemError) {
            try self.init(path)
        } catch {
            throw SealiftError(
                .storageFailed, "the --manifest file cannot be written",
                advice: "Name a file in a folder that exists and that you may write to.",
                cause: "\(error)")
        }
    }

    /// Gives the file its name: both ends agree on the whole.
    func publish(_ completion: Completion) throws(SealiftError) {
        do throws(SystemError) {
            try publish(root: completion.root)
        } catch {
            throw SealiftError(
                .storageFailed, "everything was delivered, but the --manifest file was not written",
                advice: "`sealift hash` tells the root of what lies on the disk; it is "
                    + "\(completion.root.hexadecimal).", cause: "\(error)")
        }
    }
}
