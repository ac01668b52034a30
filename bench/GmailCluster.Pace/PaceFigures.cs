namespace GmailCluster.Pace;

/// <summary>How long a training took in this process.</summary>
/// <param name="Seconds">Its timed steps, by the clock.</param>
/// <param name="CoreSeconds">The same on all cores.</param>
/// <param name="HeldSeconds">Of <paramref name="Seconds"/>, how long steps were held for checkpoints.</param>
/// <param name="WholeSeconds">From the order to the end, with the opening of model and data and the writing of the result.</param>
/// <param name="WholeCoreSeconds">The same on all cores.</param>
internal sealed record PaceFigures(double Seconds = 0, double CoreSeconds = 0, double HeldSeconds = 0, double WholeSeconds = 0, double WholeCoreSeconds = 0);
