using System.Runtime.CompilerServices;

namespace GmailCluster.Host.Tests;

internal static class TorchThreads
{
#pragma warning disable CA2255 // A test assembly is the application here: the default must be set before any thread uses torch.
    [ModuleInitializer]
    internal static void OneThread() => TorchSharp.torch.set_num_threads(1);
#pragma warning restore CA2255
}
