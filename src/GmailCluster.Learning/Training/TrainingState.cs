namespace GmailCluster.Learning.Training;

/// <summary>Everything that a run's next step depends on, apart from the spec. Flat buffers as <see cref="Optim.FlatParameters"/> lays them out.</summary>
/// <param name="Losses">One per committed step; their number is the step to go on with.</param>
/// <param name="Values">Trainable parameters.</param>
/// <param name="FirstMoment">AdamW's running mean.</param>
/// <param name="SecondMoment">AdamW's running mean of squares.</param>
public sealed record TrainingState(IReadOnlyList<double> Losses, float[] Values, float[] FirstMoment, float[] SecondMoment);
