using System.Net.Sockets;
using Azure.Core;
using Azure.Core.Pipeline;

namespace GmailCluster.Data.Storage;

/// <summary>
/// The one place where requests to blob storage are tried again: what the SDK calls retriable (timeouts, broken connections, 408, 429, 5xx),
/// after exponential pauses with jitter or as the service's Retry-After says. An endpoint that has never answered is given up early.
/// </summary>
internal sealed class StoreRetryPolicy(AzureStoreSettings settings)
    : RetryPolicy(settings.RetryCount, DelayStrategy.CreateExponentialDelayStrategy(settings.RetryDelay, settings.MaxRetryDelay))
{
    private volatile bool _hasAnswered;

    protected override ValueTask OnRequestSentAsync(HttpMessage message)
    {
        _hasAnswered |= message.HasResponse;
        return base.OnRequestSentAsync(message);
    }

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        !_hasAnswered && exception is not null && CannotConnect(exception) && message.ProcessingContext.RetryNumber >= FirstContactLimit(exception)
            ? ValueTask.FromResult(false)
            : base.ShouldRetryAsync(message, exception);

    /// <summary>The connection was never made: wrong name, nobody there, or no way.</summary>
    public static bool CannotConnect(Exception exception) => SocketErrorOf(exception)
        is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.ConnectionRefused
        or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.TimedOut;

    /// <summary>What the socket said, wherever it is in the chain of causes.</summary>
    public static SocketError? SocketErrorOf(Exception exception) => exception switch
    {
        SocketException socket => socket.SocketErrorCode,
        AggregateException many => many.InnerExceptions.Select(SocketErrorOf).FirstOrDefault(error => error is not null),
        { InnerException: { } inner } => SocketErrorOf(inner),
        _ => null,
    };

    // That there is no such host will not change in a second.
    private int FirstContactLimit(Exception exception) => SocketErrorOf(exception) is SocketError.HostNotFound ? 0 : settings.FirstContactRetryCount;
}
