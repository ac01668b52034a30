using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace GmailCluster.Host.Health;

/// <summary>Probes as Kubernetes asks them. What is not well is said in a word or two, without secrets.</summary>
public static class HealthEndpoints
{
    // A probe of Kubernetes gives up after a second by default: an answer that comes later is none.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Adds <c>/livez</c> (this process answers; nothing outside it is asked, so an outage elsewhere restarts nobody),
    /// <c>/startupz</c> (start-up is over) and <c>/readyz</c> (joined, and the store answers).
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints, HealthState state, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(state);
        endpoints.MapGet("/livez", () => "alive");
        endpoints.MapGet("/startupz", () => Answer(state.IsStarted ? null : "starting"));
        endpoints.MapGet("/readyz", async (CancellationToken cancellationToken) => Answer(await WhyNotReady(state, time, cancellationToken).ConfigureAwait(false)));
    }

    private static async Task<string?> WhyNotReady(HealthState state, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await state.WhyNotReady(cancellationToken).WaitAsync(Limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return "the store does not answer";
        }
    }

    private static ContentHttpResult Answer(string? problem) => problem is null
        ? TypedResults.Text("ok")
        : TypedResults.Text(problem, statusCode: StatusCodes.Status503ServiceUnavailable);
}
