namespace GmailCluster.Cluster.Exchange;

/// <summary>What a frame is.</summary>
internal enum FrameType : byte
{
    /// <summary>Nothing but a sign of life.</summary>
    Heartbeat = 1,

    /// <summary>The sender says nothing more, and wants nothing more.</summary>
    Leave = 2,

    /// <summary>The sender has lost the member that the sequence names, or heard so from the one that the part names, and says nothing more.</summary>
    Lost = 7,

    /// <summary>The sender has room for the large message that the receiver has for it.</summary>
    Ready = 3,

    /// <summary>A piece of the sender's rows.</summary>
    Rows = 4,

    /// <summary>A piece of one of the sender's partials.</summary>
    Partial = 5,

    /// <summary>A piece of the sum that the sender owns.</summary>
    Sum = 6,
}
