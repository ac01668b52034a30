namespace GmailCluster.Data.Storage;

/// <summary>An object's content that says of which version it is: a value and its ETag are then one request.</summary>
internal interface IVersionedStream
{
    string ETag { get; }
}
