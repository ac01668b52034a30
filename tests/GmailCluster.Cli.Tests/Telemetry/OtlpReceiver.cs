using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace GmailCluster.Cli.Tests.Telemetry;

/// <summary>An OpenTelemetry back end over HTTP and Protocol Buffers that keeps what it is sent.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentDictionary<string, ReceivedPoint> _points = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<ReceivedLog> _logs = new();
    private readonly ConcurrentQueue<byte[]> _bodies = new();
    private readonly Task _serving;
    private TaskCompletionSource _received = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OtlpReceiver()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Endpoint = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
        }

        _listener.Prefixes.Add(Endpoint + "/");
        _listener.Start();
        _serving = Serve();
    }

    public string Endpoint { get; }

    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];

    /// <summary>All that came, as it came.</summary>
    public IReadOnlyList<byte[]> Bodies => [.. _bodies];

    public IReadOnlyList<ReceivedLog> Logs => [.. _logs];

    /// <summary>The newest point of each instrument, set of attributes and process.</summary>
    public IReadOnlyList<ReceivedPoint> Points => [.. _points.Values];

    /// <summary>Waits until what came says something.</summary>
    public async Task<T> Until<T>(Func<T?> found)
        where T : class
    {
        while (true)
        {
            var more = _received.Task; // taken before looking: what comes after the look completes it
            if (found() is { } it)
            {
                return it;
            }

            await more.WaitAsync(TimeSpan.FromMinutes(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task Serve()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            _bodies.Enqueue(body.ToArray());
            Take(context.Request.Url!.AbsolutePath, new ProtoReader(body.ToArray()));
            Interlocked.Exchange(ref _received, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }

    // Field numbers are those of opentelemetry-proto 1.x: trace/v1/trace.proto, metrics/v1/metrics.proto and logs/v1/logs.proto.
    private void Take(string path, ProtoReader request)
    {
        foreach (var resource in request.Messages(1))
        {
            var about = Attributes(resource.Message(1), 1);
            foreach (var scope in resource.Messages(2))
            {
                var source = scope.Message(1).Text(1);
                foreach (var item in scope.Messages(2))
                {
                    if (path == "/v1/traces")
                    {
                        _spans.Enqueue(new ReceivedSpan(
                            source, item.Text(5), item.Hex(1), item.Hex(2), item.Hex(4), Attributes(item, 9), item.Message(15).Number(3) == 2, about));
                    }
                    else if (path == "/v1/logs")
                    {
                        _logs.Enqueue(new ReceivedLog(source, item.Message(5).Text(1), item.Hex(9), Attributes(item, 6), about));
                    }
                    else
                    {
                        TakeMetric(source, item, about);
                    }
                }
            }
        }
    }

    private void TakeMetric(string source, ProtoReader metric, IReadOnlyDictionary<string, string> about)
    {
        foreach (var point in metric.Message(5).Messages(1).Concat(metric.Message(7).Messages(1)))
        {
            Add(source, metric, Attributes(point, 7), point.Has(4) ? BitConverter.UInt64BitsToDouble(point.Number(4)) : point.Number(6), 0, about);
        }

        foreach (var point in metric.Message(9).Messages(1))
        {
            Add(source, metric, Attributes(point, 9), point.Number(4), BitConverter.UInt64BitsToDouble(point.Number(5)), about);
        }
    }

    private void Add(string source, ProtoReader metric, IReadOnlyDictionary<string, string> attributes, double value, double sum, IReadOnlyDictionary<string, string> about)
    {
        var received = new ReceivedPoint(source, metric.Text(1), metric.Text(3), attributes, value, sum, about);
        _points[$"{about["service.instance.id"]} {received.Name} {string.Join(' ', attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal))}"] = received;
    }

    private static Dictionary<string, string> Attributes(ProtoReader message, int number) => message.Messages(number).ToDictionary(
        pair => pair.Text(1),
        pair => pair.Message(2) is var value && value.Has(1) ? value.Text(1) : value.Number(3).ToString(CultureInfo.InvariantCulture),
        StringComparer.Ordinal);
}

/// <summary>A span as it came.</summary>
internal sealed record ReceivedSpan(
    string Source, string Name, string TraceId, string SpanId, string ParentId, IReadOnlyDictionary<string, string> Attributes, bool HasFailed,
    IReadOnlyDictionary<string, string> Resource);

/// <summary>A measurement as it came: of a histogram, how many were recorded and their sum.</summary>
internal sealed record ReceivedPoint(
    string Source, string Name, string Unit, IReadOnlyDictionary<string, string> Attributes, double Value, double Sum, IReadOnlyDictionary<string, string> Resource);

/// <summary>A log line as it came.</summary>
internal sealed record ReceivedLog(string Category, string Text, string TraceId, IReadOnlyDictionary<string, string> Attributes, IReadOnlyDictionary<string, string> Resource);
