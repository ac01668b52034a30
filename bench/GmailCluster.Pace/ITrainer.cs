namespace GmailCluster.Pace;

/// <summary>A way to train.</summary>
internal interface ITrainer : IAsyncDisposable
{
    /// <summary>Where others reach it; a word where none do.</summary>
    string Address { get; }

    /// <summary>Trains to the end, from the opening of model and data to the trained files.</summary>
    Task Train(PlannedTraining training);
}
