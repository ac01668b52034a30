using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Cli.Doctor;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster doctor</c>: says whether this machine can run experiments, and what to do where it cannot.</summary>
internal static class DoctorVerb
{
    public static Command Create(CliContext context)
    {
        var store = StoreOption.Create();
        var command = new Command("doctor", "Check native libraries, cores, memory, and the rights to the store.") { store };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(store), context));
        return command;
    }

    private static int Run(string store, CliContext context)
    {
        var problemCount = 0;
        foreach (var finding in MachineChecks.Run().Concat(StoreCheck.Run(store)))
        {
            context.Out.WriteLine(finding);
            problemCount += finding.Remedy is null ? 0 : 1;
        }

        context.Out.WriteLine(problemCount == 0 ? "All well." : $"{problemCount} problem{(problemCount == 1 ? "" : "s")}.");
        return problemCount == 0 ? 0 : CommandLine.Failed;
    }
}
