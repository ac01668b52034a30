using System.Runtime.InteropServices;
using GmailCluster.Results;

namespace GmailCluster.Host.Experiments;

/// <summary>What the results depend on, or may be asked about, of the machine.</summary>
public static class HostFacts
{
    /// <summary>Reads them.</summary>
    public static HostRecord Read() => new()
    {
        CpuCapability = Capability(),
        Dotnet = RuntimeInformation.FrameworkDescription,
        Torch = TorchVersion(),
        Cores = Environment.ProcessorCount,
        Os = RuntimeInformation.OSDescription,
        Device = "cpu",
    };

    // Bits depend on the vector width (AVX2 against AVX-512), so it is part of the record.
    private static string Capability() => System.Runtime.Intrinsics.X86.Avx512F.IsSupported ? "AVX-512"
        : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? "AVX2"
        : RuntimeInformation.ProcessArchitecture.ToString();

    private static string TorchVersion() => typeof(TorchSharp.torch).Assembly.GetName().Version is { } version ? $"TorchSharp {version.ToString(3)}" : "TorchSharp";
}
