using System.Text.Json;

namespace GmailCluster.Bench;

/// <summary>One case of <c>bench/models/cases.json</c>, which the PyTorch side reads too.</summary>
/// <param name="Name">For people.</param>
/// <param name="Kind">Which workload it is.</param>
/// <param name="Config">Folder with the model's config.json, from the repository's root.</param>
/// <param name="Batch">Rows of a step, split evenly over the slots.</param>
/// <param name="Prefix">Rows of embeddings before the tokens, where there are any.</param>
/// <param name="Tokens">Tokens of a row, where there are any.</param>
/// <param name="Seconds">How long to measure.</param>
internal sealed record BenchCase(string Name, string Kind, string Config, int Batch, int Prefix, int Tokens, double Seconds)
{
    /// <summary>The model's config.json.</summary>
    public string ConfigPath => Path.Combine(ConfigFolder, "config.json");

    /// <summary>The folder it is in.</summary>
    public string ConfigFolder => Path.Combine(Root(), Config);

    /// <summary>All cases.</summary>
    public static IReadOnlyList<BenchCase> ReadAll() => JsonSerializer.Deserialize<List<BenchCase>>(
        File.ReadAllText(Path.Combine(Root(), "bench", "models", "cases.json")), JsonSerializerOptions.Web)!;

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "GmailCluster.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Run the benchmarks from a checkout: GmailCluster.sln is in none of the folders above them.");
        }

        return folder;
    }
}
