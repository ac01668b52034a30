using System.Globalization;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>A request as the proxy's script sees it.</summary>
/// <param name="Number">1 for the first request through the proxy.</param>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
internal sealed record ProxiedRequest(int Number, string Method, string Target)
{
    public bool CommitsBlocks => Target.Contains("comp=blocklist", StringComparison.Ordinal);

    public bool IsBlock => Target.Contains("comp=block&", StringComparison.Ordinal);
}

internal enum FaultKind
{
    None,
    LoseRequest,
    LoseAnswer,
    CutAnswer,
    Answer,
}

/// <summary>What happens to a request.</summary>
internal sealed record Fault(FaultKind Kind)
{
    public static Fault None => new(FaultKind.None);

    public static Fault LoseRequest => new(FaultKind.LoseRequest);

    public static Fault LoseAnswer => new(FaultKind.LoseAnswer);

    public static Fault CutAnswer => new(FaultKind.CutAnswer);

    /// <summary>The answer's head, for <see cref="FaultKind.Answer"/>.</summary>
    public string Head { get; init; } = "";

    /// <summary>The answer's body; a HEAD request gets none.</summary>
    public string Body { get; init; } = "";

    /// <summary>The request goes on when this is done.</summary>
    public Task Hold { get; init; } = Task.CompletedTask;

    /// <summary>Done when the request has been carried out and its answer thrown away.</summary>
    public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Fault Held(Task until) => new(FaultKind.None) { Hold = until };

    /// <summary>An error as the service writes it.</summary>
    public static Fault Error(int status, string code, DateTimeOffset? date = null)
    {
        var body = $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>made up</Message></Error>";
        var stamp = (date ?? TimeProvider.System.GetUtcNow()).ToString("R", CultureInfo.InvariantCulture);
        return new Fault(FaultKind.Answer)
        {
            Head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Made Up\r\nx-ms-error-code: {code}\r\nDate: {stamp}\r\nContent-Length: {body.Length}\r\n\r\n"),
            Body = body,
        };
    }
}
