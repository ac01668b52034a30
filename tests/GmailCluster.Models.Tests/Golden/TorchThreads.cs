using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace GmailCluster.Golden;

internal static class TorchThreads
{
    // One intra-op thread, set before any thread touches torch: sums have one order.
    [ModuleInitializer]
    internal static void One() => set_num_threads(1);
}
