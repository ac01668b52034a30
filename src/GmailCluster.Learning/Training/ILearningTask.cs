using GmailCluster.Learning.Optim;

namespace GmailCluster.Learning.Training;

/// <summary>
/// What a run learns: a model, its data and its loss. One instance serves all ranks of a run on a silo, at once: a step must
/// not change the instance.
/// </summary>
public interface ILearningTask : IDisposable
{
    /// <summary>The trainable parameters. The run owns the optimiser; the task owns these.</summary>
    FlatParameters Parameters { get; }

    /// <summary>Whether weight decay applies to a parameter.</summary>
    bool Decays(FlatSlice parameter) => true;

    /// <summary>
    /// Computes one rank's part of the global gradient of one step. The parts of all ranks sum to the gradient of the global
    /// batch's loss; the returned shares sum to the loss.
    /// </summary>
    /// <param name="step">Which rank and step, and the way to compute and to exchange.</param>
    /// <param name="gradient">Filled by the task, laid out as <see cref="Parameters"/>.</param>
    /// <param name="cancellationToken">Ends the step.</param>
    Task<double> Gradient(RankStep step, Memory<float> gradient, CancellationToken cancellationToken);

    /// <summary>The trained result as files in the ecosystem's layouts, by relative path.</summary>
    IReadOnlyDictionary<string, byte[]> Export();
}
