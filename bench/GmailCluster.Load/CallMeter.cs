using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace GmailCluster.Load;

/// <summary>Times requests until the head of their answer, and counts what was refused or lost.</summary>
internal sealed class CallMeter : DelegatingHandler
{
    /// <summary>Names a request's row in the table.</summary>
    public static readonly HttpRequestOptionsKey<string> Name = new("name");

    private readonly ConcurrentQueue<Call> _calls = new();

    public CallMeter()
        : base(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue })
    {
    }

    /// <summary>Whether an answer is an error of the service: what a client did wrong is its own, and 202 asks for patience.</summary>
    public static bool IsError(int status) => status is 0 or 429 or >= 500;

    /// <summary>The calls so far, in Markdown.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine("| request | calls | p50, ms | p90, ms | p99, ms | max, ms | errors |");
        output.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var group in _calls.GroupBy(call => call.Name).OrderBy(group => group.Key, StringComparer.Ordinal).Append(new All(_calls)))
        {
            var milliseconds = group.Select(call => call.Milliseconds).Order().ToArray();
            var errors = group.Where(call => IsError(call.Status)).GroupBy(call => call.Status).Select(status => $"{status.Count()} x {(status.Key == 0 ? "no answer" : status.Key.ToString(CultureInfo.InvariantCulture))}").ToArray();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {group.Key} | {milliseconds.Length:N0} | {Quantile(milliseconds, 0.5):N0} | {Quantile(milliseconds, 0.9):N0} | {Quantile(milliseconds, 0.99):N0} | {milliseconds[^1]:N0} | {(errors.Length == 0 ? "0" : string.Join(", ", errors))} |"));
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var status = 0;
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            status = (int)response.StatusCode;
            return response;
        }
        finally
        {
            _calls.Enqueue(new Call(request.Options.TryGetValue(Name, out var name) ? name : "?", status, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        }
    }

    // The smallest value that this part of them does not exceed.
    private static double Quantile(double[] ordered, double part) => ordered[int.Max((int)Math.Ceiling(part * ordered.Length) - 1, 0)];

    private sealed record Call(string Name, int Status, double Milliseconds);

    private sealed class All(IEnumerable<Call> calls) : List<Call>(calls), IGrouping<string, Call>
    {
        public string Key => "all";
    }
}
