using Azure;
using Azure.Storage.Blobs.Models;

namespace GmailCluster.Data.Storage;

/// <summary>Inside an upload: the store failed, not the content's source, whose failures tell their own story.</summary>
internal sealed class StoreSideException(Exception inner) : Exception(inner.Message, inner)
{
    /// <summary>Not a failure: the object is, or is not, the version that the write was conditional on.</summary>
    public bool IsRefusedCondition =>
        InnerException is RequestFailedException e && (e.ErrorCode == BlobErrorCode.ConditionNotMet || e.ErrorCode == BlobErrorCode.BlobAlreadyExists);
}
