namespace GmailCluster.Results;

/// <summary>The machine an experiment ran on. Bits of a CPU run depend on <see cref="CpuCapability"/>.</summary>
public sealed record HostRecord
{
    /// <summary>The vector instructions in use, such as <c>AVX512</c>.</summary>
    public required string CpuCapability { get; init; }

    /// <summary>Version of .NET.</summary>
    public required string Dotnet { get; init; }

    /// <summary>Version of libtorch or TorchSharp.</summary>
    public required string Torch { get; init; }

    /// <summary>Cores in use.</summary>
    public required int Cores { get; init; }

    /// <summary>Operating system, or null.</summary>
    public string? Os { get; init; }

    /// <summary>The device computed on, such as <c>cpu</c> or a GPU's name, or null.</summary>
    public string? Device { get; init; }
}
