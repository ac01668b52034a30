using GmailCluster.Errors;
using GmailCluster.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Api;

/// <summary>Failures as <c>application/problem+json</c> (RFC 9457): our own in their words, others without any.</summary>
internal sealed partial class ApiProblems(ILogger<ApiProblems> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            return true; // nobody is there to be told
        }

        await Write(httpContext, exception, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Answers with a refusal.</summary>
    public async Task Write(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        var status = StatusOf(exception);
        var problem = new ProblemDetails { Status = status, Title = TitleOf(status) };
        if (exception is GmailClusterException known)
        {
            problem.Detail = known.Message;
            (problem.Extensions["where"], problem.Extensions["problem"], problem.Extensions["remedy"]) = (known.Where, known.Problem, known.Remedy);
            problem.Extensions["exit_code"] = known.ExitCode;
            if (exception is ApiException { Missing.Count: > 0 } refused)
            {
                problem.Extensions["missing"] = refused.Missing;
            }
        }
        else if (exception is BadHttpRequestException bad)
        {
            problem.Detail = bad.InnerException is System.Text.Json.JsonException json ? $"The body is not the JSON expected here, at {json.Path ?? "$"}." : bad.Message;
        }
        else
        {
            problem.Detail = "This should not have happened. The API's log says more under the trace id.";
            problem.Extensions["trace_id"] = context.TraceIdentifier;
            LogUnexpected(context.TraceIdentifier, exception);
        }

        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(problem, ApiJson.Options, "application/problem+json", cancellationToken).ConfigureAwait(false);
    }

    private static int StatusOf(Exception exception) => exception switch
    {
        ApiException refused => refused.Status,
        ObjectNotFoundException => StatusCodes.Status404NotFound,
        InputException => StatusCodes.Status400BadRequest,
        GmailClusterException => StatusCodes.Status503ServiceUnavailable,
        BadHttpRequestException bad => bad.StatusCode,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static string TitleOf(int status) => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {TraceId} failed in a way that nobody foresaw")]
    private partial void LogUnexpected(string traceId, Exception exception);
}
