using System.Runtime.CompilerServices;
using TorchSharp;

namespace GmailCluster.Cli.Tests;

internal static class OneThread
{
    // A thread takes torch's thread count at its first use: before any test runs.
    [ModuleInitializer]
    public static void Set() => torch.set_num_threads(1);
}
