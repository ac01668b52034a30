namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>Where a walk is: steps come in order, each once.</summary>
internal sealed class StepCounter
{
    public double[] Timesteps { get; private set; } = [];

    /// <summary>The step whose turn it is.</summary>
    public int Index { get; private set; }

    public void Start(double[] timesteps) => (Timesteps, Index) = (timesteps, 0);

    /// <summary>Fails unless the step's turn it is.</summary>
    public int Expect(double timestep)
    {
        if (Index >= Timesteps.Length)
        {
            throw new InvalidOperationException(Timesteps.Length == 0 ? "SetTimesteps comes first." : "The walk is at its end: SetTimesteps starts another.");
        }

        return Timesteps[Index] == timestep
            ? Index
            : throw new InvalidOperationException($"Timestep {timestep} is not the one whose turn it is ({Timesteps[Index]}, step {Index}).");
    }

    public void Advance() => Index++;
}
