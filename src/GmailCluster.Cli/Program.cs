using System.Runtime.InteropServices;
using GmailCluster.Cli;
using GmailCluster.Cli.Display;

using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await CommandLine.Run(args, CliContext.ForProcess(), cancellation.Token);

void Stop(PosixSignalContext signal)
{
    if (cancellation.IsCancellationRequested)
    {
        return; // asked twice: the default ends the process at once
    }

    signal.Cancel = true;
    cancellation.Cancel();
}
