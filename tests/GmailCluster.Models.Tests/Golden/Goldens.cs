using System.Text.Json.Nodes;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;

namespace GmailCluster.Golden;

/// <summary>Reference outputs of the original libraries: the folder named by GMAILCLUSTER_GOLDENS, else the repository's own.</summary>
public static class Goldens
{
    public static string Repository { get; } = FindRepository();

    public static string Root { get; } =
        Environment.GetEnvironmentVariable("GMAILCLUSTER_GOLDENS") is { Length: > 0 } set ? set : Path.Combine(Repository, "tests", "goldens");

    /// <summary>A reference's folder. Missing data fails the test: it never skips it.</summary>
    public static string Folder(string name)
    {
        var folder = Path.Combine(Root, name);
        Assert.True(Directory.Exists(folder), $"There is no reference folder '{folder}'.");
        return folder;
    }

    /// <summary>A folder of the repository's samples.</summary>
    public static string Sample(string path)
    {
        var folder = Path.Combine(Repository, "samples", path);
        Assert.True(Directory.Exists(folder), $"There is no sample folder '{folder}'.");
        return folder;
    }

    /// <summary>Inputs and outputs of a reference; the caller disposes it.</summary>
    public static SafetensorsFile Reference(string folder) =>
        SafetensorsFile.Open(Path.Combine(Path.IsPathRooted(folder) ? folder : Folder(folder), "reference.safetensors"));

    /// <summary>Library, version and settings of a reference.</summary>
    public static JsonObject Notes(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Path.IsPathRooted(folder) ? folder : Folder(folder), "reference.json")))!.AsObject();

    /// <summary>Largest difference, relative to the largest magnitude expected.</summary>
    public static double RelativeError(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
        {
            return 0;
        }

        var (e, a) = (expected.detach().to_type(ScalarType.Float64), actual.detach().cpu().to_type(ScalarType.Float64));
        Assert.True(isfinite(a).all().item<bool>(), "The result holds NaN or infinity.");
        var scale = e.abs().max().item<double>();
        return (e - a).abs().max().item<double>() / (scale > 0 ? scale : 1);
    }

    /// <summary>Fails when <see cref="RelativeError"/> is over the tolerance.</summary>
    public static void AssertClose(Tensor expected, Tensor actual, double tolerance = 1e-4, string what = "result")
    {
        var error = RelativeError(expected, actual);
        Assert.True(error <= tolerance, $"{what}: relative error {error:e2}, tolerance {tolerance:e0}.");
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "GmailCluster.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No GmailCluster.sln above '{AppContext.BaseDirectory}'.");
    }
}
