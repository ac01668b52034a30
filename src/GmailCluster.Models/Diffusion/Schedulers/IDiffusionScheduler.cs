using static TorchSharp.torch;

namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>
/// One walk from noise to a sample. It has state (where the walk is, earlier model outputs): make a fresh one for every walk,
/// use it from one thread at a time, dispose it afterwards.
/// </summary>
public interface IDiffusionScheduler : IDisposable
{
    /// <summary>The times at which the model is asked, in order. May be one more than the steps asked for (PNDM).</summary>
    IReadOnlyList<double> Timesteps { get; }

    /// <summary>The standard deviation that the walk's first sample must have: unit noise is multiplied by it.</summary>
    double InitNoiseSigma { get; }

    /// <summary>Lays the walk out and puts it at its start.</summary>
    /// <param name="steps">Inference steps, at least 1.</param>
    void SetTimesteps(int steps);

    /// <summary>What the model is given for the sample; a fresh tensor.</summary>
    /// <param name="sample">The current sample, [B, C, h, w].</param>
    /// <param name="timestep">The current entry of <see cref="Timesteps"/>.</param>
    Tensor ScaleModelInput(Tensor sample, double timestep);

    /// <summary>One step; call it once for each entry of <see cref="Timesteps"/>, in order.</summary>
    /// <param name="modelOutput">What the model said of the scaled sample, [B, C, h, w].</param>
    /// <param name="timestep">The current entry of <see cref="Timesteps"/>.</param>
    /// <param name="sample">The current sample, [B, C, h, w].</param>
    /// <returns>The next sample, a fresh tensor, [B, C, h, w].</returns>
    /// <exception cref="InvalidOperationException">The timestep is not the one whose turn it is.</exception>
    Tensor Step(Tensor modelOutput, double timestep, Tensor sample);
}
