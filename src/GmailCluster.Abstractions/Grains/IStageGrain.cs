using GmailCluster.Stages;

namespace GmailCluster.Grains;

/// <summary>What owns one stage. Key: the stage's artifact key, so that asking twice for one artifact asks one grain.</summary>
[Alias("gmail.IStageGrain")]
public interface IStageGrain : IGrainWithStringKey
{
    /// <summary>Starts the stage, or resumes it where it stopped. Starting a running or finished stage changes nothing.</summary>
    [Alias("Start")]
    Task Start(Stage stage, CancellationToken cancellationToken);

    /// <summary>How far the stage is.</summary>
    [Alias("GetProgress")]
    Task<StageProgress> GetProgress(CancellationToken cancellationToken);

    /// <summary>Stops the stage at the next safe point. What is committed stays; a later <see cref="Start"/> goes on from there.</summary>
    [Alias("Cancel")]
    Task Cancel(CancellationToken cancellationToken);
}

/// <summary>Owns a stage that one silo does alone: imports, features, evaluations. Key: the stage's artifact key.</summary>
[Alias("gmail.IWorkGrain")]
public interface IWorkGrain : IStageGrain;
