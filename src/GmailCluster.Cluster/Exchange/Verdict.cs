namespace GmailCluster.Cluster.Exchange;

/// <summary>What a listener says to a caller.</summary>
internal enum Verdict : byte
{
    /// <summary>Go on.</summary>
    Accepted = 0,

    /// <summary>The caller belongs to another cluster.</summary>
    ForeignCluster = 1,

    /// <summary>The caller does not know the secret.</summary>
    WrongSecret = 2,

    /// <summary>The listener knows of a newer plan of the run, or has ended this one.</summary>
    OldGenerationNumber = 3,

    /// <summary>The listener has another plan under this number.</summary>
    OtherPlan = 4,

    /// <summary>The listener did not join the plan in time.</summary>
    NotJoined = 5,

    /// <summary>The caller did not speak the protocol; it is not told.</summary>
    Garbage = 6,

    /// <summary>Too many callers wait, or did not prove themselves in time; it is not told.</summary>
    Busy = 7,
}
