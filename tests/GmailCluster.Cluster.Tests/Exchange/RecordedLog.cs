using System.Collections.Concurrent;
using GmailCluster.Cluster.Exchange;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Tests.Exchange;

/// <summary>What data planes logged.</summary>
internal sealed class RecordedLog : ILogger<TcpDataPlane>
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue(formatter(state, exception));
}
