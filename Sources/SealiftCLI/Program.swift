internal import ArgumentParser
internal import Glibc
internal import Sealift
internal import SealiftIO

/// The whole program: reads the command line, runs the command, ends with its exit status.
public enum Program {
    /// Runs the command that the process was started with, and ends the process.
    public static func main() -> Never {
        HeapMemory.keepFreed()
        let arguments = ArgumentBytes.ofProcess()
        do {
            var command = try SealiftCommand.parseAsRoot(arguments)
            try command.run()
            exit(ExitStatus.success.rawValue)
        } catch let ending as Ending {
            exit(ending.status.rawValue)
        } catch {
            finish(error, arguments: arguments)
        }
    }

    /// How a command leaves with a status other than success, when everything is said already.
    struct Ending: Error {
        var status: ExitStatus
    }

    /// Ends with what the parser has to say: help and version on stdout, an error of usage on stderr.
    private static func finish(_ error: any Error, arguments: [String]) -> Never {
        if SealiftCommand.exitCode(for: error).isSuccess {
            StandardStream.output.write(SealiftCommand.fullMessage(for: error) + "\n")
            exit(ExitStatus.success.rawValue)
        }
        let failure =
            error as? SealiftError
            ?? SealiftError(
                .usage, SealiftCommand.message(for: error),
                advice: "`sealift \(commandName(arguments))--help` shows what is possible.")
        ErrorView.show(failure, asJSON: arguments.contains("--json"))
        exit(failure.exitStatus.rawValue)
    }

    /// `send ` for a command line that begins with `send`, else nothing.
    private static func commandName(_ arguments: [String]) -> String {
        let names = SealiftCommand.configuration.subcommands.map {
            $0.configuration.commandName ?? ""
        }
        return names.first { $0 == arguments.first }.map { $0 + " " } ?? ""
    }
}
