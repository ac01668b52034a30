using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Cli.Verbs;
using GmailCluster.Errors;
using GmailCluster.Stages;

namespace GmailCluster.Cli;

/// <summary>The <c>gmailcluster</c> command: its verbs, and the one place where failures become messages and exit codes.</summary>
internal static class CommandLine
{
    /// <summary>The work failed.</summary>
    public const int Failed = 1;

    /// <summary>Usage or input was wrong.</summary>
    public const int WrongInput = 2;

    /// <summary>Stopped by Ctrl-C, as a shell counts it.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs the verb that <paramref name="args"/> name.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(IReadOnlyList<string> args, CliContext context, CancellationToken cancellationToken)
    {
        var root = Root(context);
        if (args.Count == 0)
        {
            await root.Parse("--help").InvokeAsync(new InvocationConfiguration { Output = context.Error }, cancellationToken);
            return WrongInput;
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var problem in UsageProblems.Of(parsed, root))
            {
                await context.Error.WriteLineAsync(problem);
            }

            return WrongInput;
        }

        try
        {
            // Ctrl-C is ours: the library's own handler would end the process after two seconds, in the middle of a checkpoint.
            var invocation = new InvocationConfiguration
            {
                Output = context.Out, Error = context.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await context.Error.WriteLineAsync("Stopped. The same command goes on from here.");
            return Interrupted;
        }
        catch (GmailClusterException e)
        {
            await context.Error.WriteLineAsync(context.IsDebug ? e.ToString() : e.Message);
            return e.ExitCode;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await context.Error.WriteLineAsync(context.IsDebug ? e.ToString() : StageFailure.From(e).Message);
            return Failed;
        }
#pragma warning disable CA1031 // The last place: whatever went wrong, the user gets a sentence and an exit code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await context.Error.WriteLineAsync(context.IsDebug
                ? e.ToString()
                : $"This should not have happened: {e.GetType().Name}: {e.Message} Set GMAILCLUSTER_DEBUG=1 to see where, and report it.");
            return Failed;
        }
    }

    private static RootCommand Root(CliContext context) => new("Trains vision-language models with generated images, the way GMAIL does.")
    {
        RunVerb.Create(context),
        ValidateVerb.Create(context),
        ReportVerb.Create(context),
        CaptionVerb.Create(context),
        EmbedVerb.Create(context),
        SearchVerb.Create(context),
        InspectVerb.Create(context),
        ConvertVerb.Create(context),
        PlanVerb.Create(context),
        VerifyVerb.Create(context),
        UpVerb.Create(context),
        SiloVerb.Create(context),
        ApiVerb.Create(context),
        SubmitVerb.Create(context),
        StatusVerb.Create(context),
        WatchVerb.Create(context),
        CancelVerb.Create(context),
        ResumeVerb.Create(context),
        LogsVerb.Create(context),
        ResultsVerb.Create(context),
        SchemaVerb.Create(context),
        DoctorVerb.Create(context),
    };
}
