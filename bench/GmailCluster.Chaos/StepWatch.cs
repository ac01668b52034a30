using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using GmailCluster.Processes;

namespace GmailCluster.Chaos;

/// <summary>Asks the silos several times a second how far their runs are, as Prometheus would.</summary>
internal sealed partial class StepWatch(SiloCluster cluster, IReadOnlyDictionary<string, string> titles) : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentQueue<StepSample> _samples = new();
    private readonly HttpClient _http = new() { Timeout = Limit };
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    public IReadOnlyCollection<StepSample> Samples => _samples;

    public void Begin() => _watching = Watch();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task Watch()
    {
        using var timer = new PeriodicTimer(Period);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            await Task.WhenAll(cluster.Silos.Select(Ask));
        }
    }

    private async Task Ask(SiloProcess silo)
    {
        try
        {
            foreach (Match match in RunStep().Matches(await _http.GetStringAsync(silo.Metrics, _stop.Token)))
            {
                var step = int.Parse(match.Groups["step"].Value, CultureInfo.InvariantCulture);
                _samples.Enqueue(new StepSample(TimeProvider.System.GetTimestamp(), titles[match.Groups["run"].Value], step));
            }
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !_stop.IsCancellationRequested)
        {
            // It has just been struck.
        }
    }

    [GeneratedRegex("""^gmailcluster_run_step\{[^}]*gmailcluster_run(_key)?="(?<run>[0-9a-f]+)"[^}]*\} (?<step>\d+)""", RegexOptions.Multiline)]
    private static partial Regex RunStep();
}
