using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Display;

/// <summary>Turns an experiment's status into lines: a bar while a stage works, a line when it is done.</summary>
internal sealed class RunDisplay(ProgressDisplay progress, IEnumerable<Stage> stages)
{
    private readonly Dictionary<ArtifactKey, Stage> _stages = stages.ToDictionary(stage => stage.Key);
    private readonly HashSet<ArtifactKey> _completed = [];
    private readonly HashSet<ArtifactKey> _resumed = [];
    private readonly HashSet<ArtifactKey> _warned = [];
    private bool _toldCached;

    public void Show(ExperimentStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        TellCached(status);
        foreach (var state in status.Stages)
        {
            var stage = _stages[state.Key];
            switch (state.Progress.Phase)
            {
                case StagePhase.Running:
                    TellResumed(stage, state.Progress);
                    TellWarning(stage, state.Progress);
                    progress.Report(stage.Title, state.Progress.Done, state.Progress.Total, stage.Unit, state.Progress.Before);
                    break;
                case StagePhase.Done when !state.Cached && _completed.Add(stage.Key):
                    progress.Complete(stage.Title, stage.Size, stage.Unit);
                    break;
            }
        }
    }

    private void TellCached(ExperimentStatus status)
    {
        if (!_toldCached && status.Stages.Count > 0)
        {
            _toldCached = true;
            var cached = status.Stages.Count(stage => stage.Cached);
            progress.WriteLine(cached == 0 ? $"{status.Stages.Count} stages to do." : $"{status.Stages.Count} stages, {cached} of them done before.");
        }
    }

    private void TellResumed(Stage stage, StageProgress state)
    {
        if (state.Before > 0 && _resumed.Add(stage.Key))
        {
            progress.WriteLine($"{stage.Title}: goes on after {Figures.Count(state.Before)} of {Figures.Count(state.Total)} {stage.Unit}.");
        }
    }

    // Once, until it is well again: a full disk refuses every checkpoint, and one line says so.
    private void TellWarning(Stage stage, StageProgress state)
    {
        if (state.Warning is null)
        {
            _warned.Remove(stage.Key);
        }
        else if (_warned.Add(stage.Key))
        {
            progress.WriteLine($"{stage.Title}: {state.Warning}");
        }
    }
}
