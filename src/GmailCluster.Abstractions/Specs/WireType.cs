namespace GmailCluster.Specs;

/// <summary>
/// The numbers in which gradients travel between silos. Part of a run's result: with <c>bfloat16</c> every node of the canonical
/// sum is rounded, on whichever silo it is added, so that placement changes no bit.
/// </summary>
public enum WireType
{
    /// <summary>As computed, four bytes a number. Written <c>float32</c>.</summary>
    Float32,

    /// <summary>Rounded to eight bits of precision, two bytes a number: half the traffic. Written <c>bfloat16</c>.</summary>
    Bfloat16,
}
