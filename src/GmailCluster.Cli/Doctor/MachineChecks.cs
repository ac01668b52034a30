using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using GmailCluster.Cli.Display;
using SkiaSharp;
using TorchSharp;

namespace GmailCluster.Cli.Doctor;

/// <summary>Whether the machine can run experiments: native libraries, cores, memory.</summary>
internal static class MachineChecks
{
    /// <summary>Below this the sample's full recipe does not fit.</summary>
    public const long LeastMemoryBytes = 2_000_000_000;

    /// <summary>Runtime, torch, picture decoder, text, cores and memory.</summary>
    public static IEnumerable<Finding> Run()
    {
        yield return new Finding("runtime", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}");
        yield return Torch();
        yield return Devices();
        yield return Pictures();
        yield return Unicode();
        yield return Cores();
        yield return Memory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>The finding for a machine with this much memory.</summary>
    public static Finding Memory(long bytes) => new(
        "memory", Figures.Size(bytes), bytes < LeastMemoryBytes ? $"Experiments need {Figures.Size(LeastMemoryBytes)} or more: free some, or raise the container's limit." : null);

    private static Finding Torch()
    {
        try
        {
            using var scope = torch.NewDisposeScope();
            var sum = torch.ones(3).matmul(torch.ones(3)).item<float>();
            return sum == 3
                ? new Finding("libtorch", torch.__version__)
                : new Finding("libtorch", $"1 + 1 + 1 gave {sum}.", "Build again from a clean checkout; if it stays so, report it with this output.");
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException or ExternalException or BadImageFormatException)
        {
            return new Finding(
                "libtorch", $"does not load: {Innermost(e).Message}",
                "Run './gmailcluster' or 'dotnet build' in the repository on this machine; it needs x86-64 Linux with glibc 2.28 or newer.");
        }
    }

    /// <summary>The finding for a build with or without CUDA, on a machine that has so many devices and an NVIDIA driver or none.</summary>
    public static Finding Devices(bool isCudaBuild, int deviceCount, bool hasDriver) => (isCudaBuild, deviceCount, hasDriver) switch
    {
        (true, > 0, _) => new Finding("devices", $"{deviceCount} CUDA device{(deviceCount == 1 ? "" : "s")}"),
        (true, _, true) => new Finding("devices", "no CUDA device can be used, though there is an NVIDIA driver.", "Update the driver to one for CUDA 12.8 or newer, and look at CUDA_VISIBLE_DEVICES and the pod's nvidia.com/gpu limit."),
        (true, _, false) => new Finding("devices", "this build is for CUDA, and there is no NVIDIA driver.", "Give the pod a GPU (nvidia.com/gpu), install the driver, or use the CPU build."),
        (false, _, true) => new Finding("devices", "CPU only; the GPU here is not used (GMAILCLUSTER_DEVICE=cuda builds for it)"),
        _ => new Finding("devices", "CPU only"),
    };

    private static Finding Devices()
    {
        try
        {
            var isCudaBuild = Directory.EnumerateFiles(AppContext.BaseDirectory, "libtorch_cuda*.so", SearchOption.AllDirectories).Any();
            return Devices(isCudaBuild, isCudaBuild && torch.cuda.is_available() ? torch.cuda.device_count() : 0, File.Exists("/proc/driver/nvidia/version"));
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException or ExternalException or BadImageFormatException)
        {
            return new Finding("devices", "unknown while libtorch does not load"); // the finding before says what to do
        }
    }

    private static Finding Pictures()
    {
        try
        {
            using var bitmap = new SKBitmap(2, 2);
            bitmap.Erase(SKColors.Red);
            using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            using var read = SKBitmap.Decode(png);
            return read?.GetPixel(1, 1) == SKColors.Red
                ? new Finding("picture decoder", "SkiaSharp reads what it wrote")
                : new Finding("picture decoder", "SkiaSharp does not read what it wrote.", "Build again from a clean checkout.");
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException)
        {
            return new Finding("picture decoder", $"SkiaSharp does not load: {Innermost(e).Message}", "Build again on this machine; it needs x86-64 Linux with glibc.");
        }
    }

    // Without ICU string.Normalize does nothing and says nothing, and tokenizers give other ids.
    private static Finding Unicode() => "e\u0301".Normalize(NormalizationForm.FormC) == "\u00e9"
        ? new Finding("Unicode", "text is normalised (ICU is there)")
        : new Finding("Unicode", "text is not normalised.", "Install ICU (Debian: libicu72, Ubuntu: libicu70, RHEL: libicu) and unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.");

    private static Finding Cores()
    {
        var vectors = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : null;
        return vectors is null && RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? new Finding("cores", $"{Environment.ProcessorCount}, without AVX2.", "Training works but is slow: use a processor with AVX2.")
            : new Finding("cores", $"{Environment.ProcessorCount}, {vectors ?? RuntimeInformation.ProcessArchitecture.ToString()}");
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
