using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using GmailCluster.Errors;
using GmailCluster.Storage;

namespace GmailCluster.Data.Storage;

/// <summary>
/// A container of Azure Blob Storage, or the part of it under a prefix, as object store: the object <c>a/b.json</c> is the block blob
/// <c>prefix/a/b.json</c>. Requests are tried again in one place, <see cref="StoreRetryPolicy"/>; <see cref="WriteMarks"/> says how a write is
/// recognised when its answer was lost.
/// </summary>
public sealed class AzureObjectStore : IObjectStore
{
    private readonly AzureLocation _location;
    private readonly AzureStoreSettings _settings;
    private readonly BlobContainerClient _container;
    private readonly BlobUploads _uploads;
    private readonly WriteMarks _marks = new();
    private readonly AzureErrors _errors;

    internal AzureObjectStore(AzureLocation location, AzureStoreSettings settings, Func<string, string?> environment)
    {
        _location = location;
        _settings = settings;
        _container = AzureConnection.Open(location, settings, environment);
        _uploads = new BlobUploads(settings);
        _errors = new AzureErrors(location, _container.Uri, TimeProvider.System);
    }

    /// <inheritdoc/>
    public string Location => _location.ToString();

    /// <inheritdoc/>
    public async Task<ObjectInfo?> Stat(string key, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        return await Properties(key, cancellationToken).ConfigureAwait(false) is { } found
            ? new ObjectInfo(key, found.ContentLength, Text(found.ETag), found.LastModified)
            : null;
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenRead(string key, long offsetBytes, long? lengthBytes, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes ?? 0, nameof(lengthBytes));
        if (lengthBytes == 0)
        {
            // A range of no bytes cannot be asked for.
            return await Stat(key, cancellationToken).ConfigureAwait(false) is null ? throw new ObjectNotFoundException(Location, key) : new MemoryStream([], writable: false);
        }

        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offsetBytes, lengthBytes) };
            var answer = await Blob(key).DownloadStreamingAsync(options, cancellationToken).ConfigureAwait(false);
            var etag = Text(answer.Value.Details.ETag);
            _marks.Remember(key, etag, WriteMarks.Of(answer.Value.Details.Metadata));
            return new BlobReadStream(answer.Value, etag, e => _errors.Translate(key, e));
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidRange)
        {
            return new MemoryStream([], writable: false); // begins at or after the end
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate(key, e);
        }
    }

    /// <inheritdoc/>
    public async Task<PutResult> Put(string key, Stream content, PutCondition condition, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        ArgumentNullException.ThrowIfNull(content);
        cancellationToken.ThrowIfCancellationRequested();
        string? before = "";
        if (condition.IfMatch is { } expected && (before = _marks.Find(key, expected)) is null)
        {
            var present = await Properties(key, cancellationToken).ConfigureAwait(false);
            if (present is null || Text(present.ETag) != expected)
            {
                return new PutResult(false, present is null ? null : Text(present.ETag));
            }

            before = WriteMarks.Of(present.Metadata);
        }

        var id = WriteMarks.NewId();
        var metadata = WriteMarks.Metadata(id, before ?? "");
        try
        {
            var etag = await _uploads.Upload(Blob(key), content, metadata, Conditions(condition), cancellationToken).ConfigureAwait(false);
            if (etag is { } written)
            {
                _marks.Remember(key, Text(written), metadata[WriteMarks.MetadataName]);
                return new PutResult(true, Text(written));
            }
        }
        catch (StoreSideException e)
        {
            throw _errors.Translate(key, e.InnerException!);
        }

        return await Refused(key, id, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> List(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectKey.ValidatePrefix(prefix);
        var options = new GetBlobsOptions { Prefix = _location.Prefix + prefix };
        var pages = _container.GetBlobsAsync(options, cancellationToken).AsPages(pageSizeHint: _settings.ListPageSize).GetAsyncEnumerator(cancellationToken);
        await using (pages.ConfigureAwait(false))
        {
            var previous = "";
            while (await Next(pages, prefix, cancellationToken).ConfigureAwait(false) is { } page)
            {
                foreach (var item in page.Values)
                {
                    var key = item.Name[_location.Prefix.Length..];
                    if (!ObjectKey.IsKey(key))
                    {
                        continue; // others' blobs are not objects of ours, and a name such as '../x' must reach nobody
                    }

                    if (string.CompareOrdinal(previous, key) >= 0)
                    {
                        throw new GmailClusterException(
                            Location, $"lists '{key}' after '{previous}', so the account has a hierarchical namespace.",
                            "Use a storage account without one (Data Lake Storage Gen2 switched off).");
                    }

                    previous = key;
                    yield return new ObjectInfo(key, item.Properties.ContentLength ?? 0, Text(item.Properties.ETag!.Value), item.Properties.LastModified!.Value);
                }
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// True when the object was there at the start of the call and is gone at its end. Two concurrent deletes may both say so, because a lost
    /// answer cannot be told from another's delete: do not use a delete as a lock.
    /// </remarks>
    public async Task<bool> Delete(string key, string? ifMatch, CancellationToken cancellationToken)
    {
        ObjectKey.Validate(key);
        if (await Properties(key, cancellationToken).ConfigureAwait(false) is not { } present || (ifMatch is not null && Text(present.ETag) != ifMatch))
        {
            return false;
        }

        try
        {
            var conditions = ifMatch is null ? null : new BlobRequestConditions { IfMatch = new ETag(ifMatch) };
            await Blob(key).DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, conditions, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.ConditionNotMet)
        {
            return false;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return true;
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate(key, e);
        }
    }

    /// <summary>Makes the container if there is none. False when it was there already.</summary>
    /// <exception cref="GmailClusterException">The account refuses.</exception>
    public async Task<bool> CreateContainer(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate("", e);
        }
    }

    /// <summary>True for an account with a hierarchical namespace, which lists in an order of its own and cannot be used.</summary>
    /// <exception cref="GmailClusterException">The account refuses.</exception>
    public async Task<bool> IsHierarchical(CancellationToken cancellationToken = default)
    {
        try
        {
            var account = await _container.GetParentBlobServiceClient().GetAccountInfoAsync(cancellationToken).ConfigureAwait(false);
            return account.Value.IsHierarchicalNamespaceEnabled;
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate("", e);
        }
    }

    // Somebody's version is there: ours, if the first try arrived and only its answer was lost.
    private async Task<PutResult> Refused(string key, string id, CancellationToken cancellationToken)
    {
        if (await Properties(key, cancellationToken).ConfigureAwait(false) is not { } present)
        {
            return new PutResult(false, null);
        }

        var marks = WriteMarks.Of(present.Metadata);
        if (marks.StartsWith(id, StringComparison.Ordinal))
        {
            return new PutResult(true, Text(present.ETag));
        }

        // Written, and others have written on top: no version in the store has the ETag that this write got.
        return marks.Contains(id, StringComparison.Ordinal) ? new PutResult(true, $"superseded-{id}") : new PutResult(false, Text(present.ETag));
    }

    private async Task<BlobProperties?> Properties(string key, CancellationToken cancellationToken)
    {
        try
        {
            var found = (await Blob(key).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value;
            _marks.Remember(key, Text(found.ETag), WriteMarks.Of(found.Metadata));
            return found;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate(key, e);
        }
    }

    private async Task<Page<BlobItem>?> Next(IAsyncEnumerator<Page<BlobItem>> pages, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return await pages.MoveNextAsync().ConfigureAwait(false) ? pages.Current : null;
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw _errors.Translate(prefix, e);
        }
    }

    private static BlobRequestConditions? Conditions(PutCondition condition) => condition switch
    {
        { IfAbsent: true } => new BlobRequestConditions { IfNoneMatch = ETag.All },
        { IfMatch: { } etag } => new BlobRequestConditions { IfMatch = new ETag(etag) },
        _ => null,
    };

    // Answers quote ETags and listings do not.
    private static string Text(ETag etag) => etag.ToString("H").Trim('"');

    private BlockBlobClient Blob(string key) => _container.GetBlockBlobClient(_location.Prefix + key);
}
