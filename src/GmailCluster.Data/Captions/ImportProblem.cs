namespace GmailCluster.Data.Captions;

/// <summary>Why one record cannot be used.</summary>
/// <param name="Row">Which record: <c>line 7</c>, <c>images[3]</c>, a sample's key.</param>
/// <param name="Column">The column or member at fault; null when it is the record as a whole.</param>
/// <param name="Reason">What is wrong, as the end of a sentence.</param>
public sealed record ImportProblem(string Row, string? Column, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => Column is null ? $"{Row}: {Reason}" : $"{Row}, {Column}: {Reason}";
}
