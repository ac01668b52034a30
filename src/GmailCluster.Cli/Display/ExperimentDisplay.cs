using GmailCluster.Experiments;
using GmailCluster.Grains;
using GmailCluster.Host.Experiments;
using GmailCluster.Reporting.Tables;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Display;

/// <summary>An experiment of a cluster, as it stands and as it goes on.</summary>
internal static class ExperimentDisplay
{
    // What a progress line or the end says by itself.
    private static readonly ExperimentEventKind[] ShownOtherwise =
        [ExperimentEventKind.Submitted, ExperimentEventKind.StageStarted, ExperimentEventKind.StageDone, ExperimentEventKind.Warning, ExperimentEventKind.Done, ExperimentEventKind.Failed, ExperimentEventKind.Cancelled];

    /// <summary>Shows progress until the experiment ends, then its arms.</summary>
    /// <returns>The exit code: that of the failure, if it failed.</returns>
    public static async Task<int> Watch(IExperiments experiments, string id, CliContext context, CancellationToken cancellationToken)
    {
        ExperimentStatus? last = null;
        using (var progress = context.ShowProgress())
        {
            var display = new RunDisplay(progress, await experiments.Stages(id, cancellationToken));
            long seen = 0;
            await foreach (var status in experiments.Watch(id, cancellationToken))
            {
                display.Show(status);
                foreach (var happened in await experiments.Events(id, seen, cancellationToken))
                {
                    seen = happened.Number;
                    if (last is not null && !ShownOtherwise.Contains(happened.Kind))
                    {
                        progress.WriteLine(happened.Text);
                    }
                }

                last = status;
            }
        }

        return last!.Phase switch
        {
            StagePhase.Done => await ShowResults(experiments, id, context, cancellationToken),
            StagePhase.Failed => await Say(context, last.Failure?.Message ?? "It failed.", last.Failure?.ExitCode ?? CommandLine.Failed),
            StagePhase.Cancelled => await Say(context, $"{id} was cancelled. 'gmailcluster resume {id}' goes on from here.", CommandLine.Failed),
            _ => await Say(context, $"{id} was never submitted to this cluster.", CommandLine.WrongInput),
        };
    }

    /// <summary>A line for each stage, with what it waits for.</summary>
    public static void Show(string id, IReadOnlyList<Stage> stages, ExperimentStatus status, CliContext context)
    {
        var done = status.Stages.Count(stage => stage.Progress.Phase is StagePhase.Done);
        context.Out.WriteLine($"{id} is {PhaseWords.Of(status.Phase)}: {done} of {status.Stages.Count} stages are done{(status.Activity is { } activity ? $"; it {activity}" : "")}.");
        if (status.Failure is { } failure)
        {
            context.Out.WriteLine(failure.Message);
        }

        PlainTable.Write(context.Out, ["stage", "state", "progress", ""], [.. stages.Zip(status.Stages, (stage, state) => new[]
        {
            stage.Title,
            state.Cached ? "done before" : PhaseWords.Of(state.Progress.Phase),
            state.Progress.Phase is StagePhase.Pending ? "" : $"{Figures.Count(state.Progress.Done)}/{Figures.Count(state.Progress.Total)} {stage.Unit}",
            string.Join(" ", new[] { state.Progress.Detail, state.Reason, state.Progress.Warning }.OfType<string>()),
        })]);
    }

    private static async Task<int> ShowResults(IExperiments experiments, string id, CliContext context, CancellationToken cancellationToken)
    {
        await context.Out.WriteLineAsync(ArmsTable.Render(await experiments.Shelf.Results(id, cancellationToken)));
        await context.Out.WriteLineAsync($"'gmailcluster results {id} --html FILE' fetches the report.");
        return 0;
    }

    private static async Task<int> Say(CliContext context, string message, int exitCode)
    {
        await context.Error.WriteLineAsync(message);
        return exitCode;
    }
}
