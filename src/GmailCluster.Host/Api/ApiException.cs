using GmailCluster.Errors;
using Microsoft.AspNetCore.Http;

namespace GmailCluster.Host.Api;

/// <summary>A request that is refused with a status of its own.</summary>
internal sealed class ApiException(int status, string where, string problem, string remedy, Exception? inner = null)
    : GmailClusterException(where, problem, remedy, inner)
{
    /// <summary>The status of the response.</summary>
    public int Status => status;

    /// <summary>SHA-256 of inputs that have to be sent first.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <inheritdoc/>
    public override int ExitCode => status is >= 400 and < 500 and not StatusCodes.Status429TooManyRequests ? 2 : 1;

    public static ApiException NotFound(string where, string problem, string remedy, Exception? inner = null) =>
        new(StatusCodes.Status404NotFound, where, problem, remedy, inner);
}
