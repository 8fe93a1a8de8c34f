import SealiftCLI

Program.main()
