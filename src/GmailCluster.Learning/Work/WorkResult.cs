using GmailCluster.Stages;

namespace GmailCluster.Learning.Work;

/// <summary>What a piece of work made and measured.</summary>
public sealed record WorkResult
{
    /// <summary>The files made, in the store.</summary>
    public IReadOnlyList<StageFile> Files { get; init; } = [];

    /// <summary>Figures measured.</summary>
    public IReadOnlyList<StageFigure> Figures { get; init; } = [];

    /// <summary>Anything worth saying once.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
