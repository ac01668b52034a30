using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Display;

/// <summary>Turns an experiment's status into lines: a bar while a stage works, a line when it is done.</summary>
internal sealed class RunDisplay(ProgressDisplay progress, IEnumerable<Stage> stages)
{
    private readonly Dictionary<ArtifactKey, Stage> _stages = stages.ToDictionary(stage => stage.Key);
    private readonly HashSet<ArtifactKey> _shown = [];
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
                    progress.Report(stage.Title, state.Progress.Done, state.Progress.Total, stage.Unit);
                    break;
                case StagePhase.Done when !state.Cached && _shown.Add(stage.Key):
                    progress.Report(stage.Title, state.Progress.Total, state.Progress.Total, stage.Unit);
                    progress.Complete(stage.Title, $"{Figures.Count(stage.Size)} {stage.Unit}");
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
}
