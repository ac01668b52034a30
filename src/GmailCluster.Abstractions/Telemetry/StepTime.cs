namespace GmailCluster.Telemetry;

/// <summary>How long a step and its parts took, in seconds.</summary>
/// <param name="Whole">From its first rank's batch to the commit.</param>
/// <param name="Gradient">Gradients of the ranks.</param>
/// <param name="Exchange">Exchange with other silos; 0 on one alone.</param>
/// <param name="Update">Update of the weights.</param>
[GenerateSerializer, Immutable, Alias("gmail.step-time")]
public readonly record struct StepTime(
    [property: Id(0)] double Whole, [property: Id(1)] double Gradient, [property: Id(2)] double Exchange, [property: Id(3)] double Update);
