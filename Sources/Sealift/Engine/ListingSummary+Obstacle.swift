import SealiftBase
import SealiftContent
import SealiftTransfer

extension ListingSummary {
    /// What stands in the way of accepting, decided over the whole listing before a byte moves; nil
    /// for nothing.
    var obstacle: SealiftError? {
        if conflictCount > 0 {
            return .destinationExists(
                conflicts.map { PrintableText.escape($0.bytes) }, count: conflictCount)
        }
        if isTooScattered {
            return SealiftError(
                .usage, "what --include and --exclude leave out lies in too many places",
                advice: "Choose whole folders, or take everything.")
        }
        if neededBytes > freeSpace {
            return .notEnoughSpace(needed: neededBytes, free: freeSpace)
        }
        return nil
    }
}
