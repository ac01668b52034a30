using GmailCluster.Processes;

namespace GmailCluster.Load;

/// <summary><c>gmailcluster api</c> on the cluster, with tokens.</summary>
internal sealed class ApiProcess : IDisposable
{
    private const string Prefix = "The API and the dashboard are at ";

    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);

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
        var address = new Uri(line[Prefix.Length..].Split(' ')[0]);
        await Ready(address);
        return new ApiProcess(process, address);
    }

    // As a load balancer does: it finds the cluster after it has begun to listen.
    private static async Task Ready(Uri address)
    {
        using var http = new HttpClient { BaseAddress = address };
        using var timer = new PeriodicTimer(LookPeriod);
        while (!(await http.GetAsync(new Uri("readyz", UriKind.Relative))).IsSuccessStatusCode)
        {
            await timer.WaitForNextTickAsync();
        }
    }

    public void Dispose() => _process.Dispose();
}
