using GmailCluster.Grains;
using GmailCluster.Keys;
using GmailCluster.Stages;

namespace GmailCluster.Cluster.Experiments;

/// <summary>How the stages of an experiment stand: which may start, which run, and in words why one waits. Knows no clock, store or silo.</summary>
internal sealed class StageBoard
{
    private readonly Dictionary<ArtifactKey, StageStatus> _status = [];

    /// <summary>The stage graph, needs before needers.</summary>
    public IReadOnlyList<Stage> Stages { get; private set; } = [];

    /// <summary>Begins anew with stages that are done.</summary>
    /// <param name="stages">The stage graph.</param>
    /// <param name="done">Stages whose record is in the store.</param>
    /// <param name="cached">Those that were done before the experiment was submitted.</param>
    public void Begin(IReadOnlyList<Stage> stages, IReadOnlySet<ArtifactKey> done, IReadOnlyCollection<ArtifactKey> cached)
    {
        Stages = stages;
        _status.Clear();
        foreach (var stage in stages.Where(stage => done.Contains(stage.Key)))
        {
            _status[stage.Key] = new StageStatus(stage.Key, new StageProgress(StagePhase.Done, stage.Size, stage.Size), cached.Contains(stage.Key));
        }
    }

    /// <summary>The stage as last set.</summary>
    public StageStatus this[Stage stage]
    {
        get => _status[stage.Key];
        set => _status[stage.Key] = value;
    }

    /// <summary>Stages at work.</summary>
    public IReadOnlyList<Stage> Running => [.. Stages.Where(stage => PhaseOf(stage.Key) is StagePhase.Running)];

    /// <summary>Stages whose needs are met and that have not begun.</summary>
    public IReadOnlyList<Stage> Ready => [.. Stages.Where(stage => PhaseOf(stage.Key) is null && stage.Needs.All(IsDone))];

    /// <summary>Stages that are done.</summary>
    public int DoneCount => Stages.Count(stage => IsDone(stage.Key));

    /// <summary>Calls a stage running, nothing done yet.</summary>
    public void Start(Stage stage) => this[stage] = new StageStatus(stage.Key, new StageProgress(StagePhase.Running, 0, stage.Size), Cached: false);

    /// <summary>Calls the running stages cancelled.</summary>
    public void CancelRunning()
    {
        foreach (var stage in Running)
        {
            this[stage] = this[stage] with { Progress = this[stage].Progress with { Phase = StagePhase.Cancelled } };
        }
    }

    /// <summary>Every stage, for people.</summary>
    /// <param name="isRunning">Whether the experiment is looked after; else nothing waits.</param>
    /// <param name="slots">Compute slots of the cluster; 0 when there are none yet.</param>
    public IReadOnlyList<StageStatus> Show(bool isRunning, int slots) => [.. Stages.Select(stage =>
        _status.GetValueOrDefault(stage.Key)
        ?? new StageStatus(stage.Key, new StageProgress(StagePhase.Pending, 0, stage.Size), Cached: false, isRunning ? WhyWaiting(stage, slots) : null))];

    private string WhyWaiting(Stage stage, int slots)
    {
        var missing = Stages.Where(need => stage.Needs.Contains(need.Key) && !IsDone(need.Key)).Select(need => need.Title).ToArray();
        return missing.Length > 0 ? $"Waits for {string.Join(", ", missing)}."
            : slots == 0 ? "Waits for a silo."
            : $"Waits for a free slot: {Running.Count} stages run on {slots} slots.";
    }

    private bool IsDone(ArtifactKey key) => PhaseOf(key) is StagePhase.Done;

    private StagePhase? PhaseOf(ArtifactKey key) => _status.TryGetValue(key, out var status) ? status.Progress.Phase : null;
}
