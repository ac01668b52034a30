using GmailCluster.Cli.Display;

namespace GmailCluster.Cli.Tests;

/// <summary>Command lines run within the test's own process.</summary>
internal static class InProcess
{
    extension(CliRun)
    {
        public static async Task<CliRun> Of(params string[] args)
        {
            await using var output = new StringWriter { NewLine = "\n" };
            await using var error = new StringWriter { NewLine = "\n" };
            var context = new CliContext(output, error, CliContext.ForWriter(output), TimeProvider.System, IsDebug: false);
            var exitCode = await CommandLine.Run(args, context, TestContext.Current.CancellationToken);
            return new CliRun(exitCode, output.ToString(), error.ToString());
        }
    }
}
