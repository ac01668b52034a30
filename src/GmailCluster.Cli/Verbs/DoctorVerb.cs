using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Cli.Doctor;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster doctor</c>: says whether this machine or pod can run experiments, and what to do where it cannot.</summary>
internal static class DoctorVerb
{
    public static Command Create(CliContext context)
    {
        var store = StoreOption.Create();
        var create = new Option<bool>("--create-container") { Description = "Make the store's container in blob storage first, if it is missing." };
        var redis = ClusterOptions.Redis("The Redis that the cluster's silos meet in, to be tried, too.");
        var tls = new TlsOptions();
        var command = tls.AddTo(new Command("doctor", "Check native libraries, devices, memory, disk, the store's rights and speed, clock, Redis and certificates; say what to do.")
        {
            store, create, redis,
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var problemCount = Tell(MachineChecks.Run(), context);
            problemCount += Tell(await StoreCheck.Run(parsed.GetRequiredValue(store), parsed.GetValue(create), context.Time, cancellationToken), context);
            if (parsed.GetValue(redis) is { } server)
            {
                problemCount += Tell([await RedisCheck.Run(server, context.Time)], context);
            }

            problemCount += Tell(CertificateCheck.Run(parsed.GetValue(tls.Certificate), parsed.GetValue(tls.Key), parsed.GetValue(tls.Authority), parsed.GetValue(tls.Name), context.Time), context);
            await context.Out.WriteLineAsync(problemCount == 0 ? "All well." : $"{problemCount} problem{(problemCount == 1 ? "" : "s")}.");
            return problemCount == 0 ? 0 : CommandLine.Failed;
        });
        return command;
    }

    // As they come: a check that waits for a network should not hide those before it.
    private static int Tell(IEnumerable<Finding> findings, CliContext context)
    {
        var problemCount = 0;
        foreach (var finding in findings)
        {
            context.Out.WriteLine(finding);
            problemCount += finding.Remedy is null ? 0 : 1;
        }

        return problemCount;
    }
}
