import SealiftCLI
