namespace GmailCluster.Data.Captions;

/// <summary>Ends the reading of one record; <see cref="ImportBuilder.Record"/> takes it into the report.</summary>
internal sealed class BadRecordException(string? column, string reason) : Exception(reason)
{
    public string? Column { get; } = column;
}
