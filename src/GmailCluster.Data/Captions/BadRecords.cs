namespace GmailCluster.Data.Captions;

/// <summary>What a reader does with records it cannot use.</summary>
public enum BadRecords
{
    /// <summary>Refuses the whole file, listing the first 20 (default).</summary>
    Refuse,

    /// <summary>Leaves them out; the report lists every one.</summary>
    LeaveOut,
}
