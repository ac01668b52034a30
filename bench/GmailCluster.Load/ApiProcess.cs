using GmailCluster.Processes;

namespace GmailCluster.Load;

/// <summary><c>gmailcluster api</c> on the cluster, with tokens.</summary>
internal sealed class ApiProcess : IDisposable
{
    private const string Prefix = "The API and the dashboard are at ";

    private readonly CommandProcess _process;

    private ApiProcess(CommandProcess process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>Makes a token, and adds it to those that are let in.</summary>
    public static async Task<string> MakeToken(string folder, string name)
    {
        var made = await CommandProcess.Run(folder, "api", "token", name, "--scope", "write");
        await File.AppendAllTextAsync(Path.Combine(folder, "tokens"), made.Out);
        return made.Error.Trim();
    }

    /// <summary>Starts it; files of the folder need not be sent.</summary>
    public static async Task<ApiProcess> Start(SiloCluster cluster, string inputs)
    {
        var process = cluster.Begin("api", "--listen", "127.0.0.1:0", "--tokens-file", "tokens", "--inputs", inputs);
        var line = await process.Line(line => line.StartsWith(Prefix, StringComparison.Ordinal));
        return new ApiProcess(process, new Uri(line[Prefix.Length..].Split(' ')[0]));
    }

    public void Dispose() => _process.Dispose();
}
