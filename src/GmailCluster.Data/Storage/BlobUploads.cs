using System.Buffers;
using System.Buffers.Binary;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using GmailCluster.Errors;

namespace GmailCluster.Data.Storage;

/// <summary>
/// Content on its way into a blob: in one request while it is short, else in blocks that become the blob when their list is committed.
/// Memory: <see cref="AzureStoreSettings.BlocksInFlight"/> blocks and one more.
/// </summary>
internal sealed class BlobUploads(AzureStoreSettings settings)
{
    // The service's limit on a blob's blocks.
    private const int MaxBlocks = 50_000;

    // Times that blocks are sent again because another writer of the same blob committed and the service dropped ours.
    private const int MaxRestarts = 5;

    /// <summary>Uploads from the content's position to its end.</summary>
    /// <returns>The new version's ETag; null when the service says that the condition does not hold.</returns>
    /// <exception cref="StoreSideException">The store failed.</exception>
    public async Task<ETag?> Upload(
        BlockBlobClient blob, Stream content, IDictionary<string, string> metadata, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        var first = ArrayPool<byte>.Shared.Rent(FirstBuffer(content));
        try
        {
            var wanted = Math.Min(first.Length, settings.BlockBytes);
            var count = await content.ReadAtLeastAsync(first.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            if (count < wanted)
            {
                return await Whole(blob, first.AsMemory(0, count), metadata, conditions, cancellationToken).ConfigureAwait(false);
            }

            return await Restartable(blob, first.AsMemory(0, count), content, metadata, conditions, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreSideException e) when (e.IsRefusedCondition)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    // One byte more than a short content has, so that its end is seen.
    private int FirstBuffer(Stream content) =>
        content.CanSeek ? (int)Math.Min(settings.BlockBytes, Math.Max(0, content.Length - content.Position) + 1) : settings.BlockBytes;

    private static async Task<ETag> Whole(
        BlockBlobClient blob, ReadOnlyMemory<byte> bytes, IDictionary<string, string> metadata, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        using var stream = MemoryOf(bytes);
        var options = new BlobUploadOptions { Metadata = metadata, Conditions = conditions, TransferOptions = new() { InitialTransferSize = bytes.Length + 1, MaximumTransferSize = bytes.Length + 1 } };
        return await StoreSide(async () => (await blob.UploadAsync(stream, options, cancellationToken).ConfigureAwait(false)).Value.ETag, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ETag?> Restartable(
        BlockBlobClient blob, ReadOnlyMemory<byte> head, Stream content, IDictionary<string, string> metadata, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        if (conditions is not null && !await Allows(blob, conditions, cancellationToken).ConfigureAwait(false))
        {
            return null; // settled before gigabytes go up; decided again when the list is committed
        }

        FileStream? spooled = null;
        try
        {
            if (!content.CanSeek)
            {
                // Blocks may have to be sent twice, and memory is not where a large content waits.
                var rest = content;
                spooled = await SpoolFile.Filled(async file =>
                {
                    await file.WriteAsync(head, cancellationToken).ConfigureAwait(false);
                    await rest.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                }).ConfigureAwait(false);
                content = spooled;
            }

            var start = spooled is null ? content.Position - head.Length : 0;
            for (var attempt = 0; ; attempt++)
            {
                content.Position = start;
                try
                {
                    return await Blocks(blob, content, metadata, conditions, cancellationToken).ConfigureAwait(false);
                }
                catch (StoreSideException e) when (attempt < MaxRestarts && e.InnerException is RequestFailedException { ErrorCode: "InvalidBlockList" })
                {
                    // Whoever commits a blob drops the blocks that others have sent for it.
                }
            }
        }
        finally
        {
            if (spooled is not null)
            {
                await spooled.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static async Task<bool> Allows(BlockBlobClient blob, BlobRequestConditions conditions, CancellationToken cancellationToken)
    {
        var present = await StoreSide(
            async () =>
            {
                try
                {
                    return (ETag?)(await blob.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value.ETag;
                }
                catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.BlobNotFound)
                {
                    return null;
                }
            },
            cancellationToken).ConfigureAwait(false);
        return conditions.IfMatch is { } expected ? present is { } etag && etag.ToString("H") == expected.ToString("H") : present is null;
    }

    private async Task<ETag> Blocks(
        BlockBlobClient blob, Stream content, IDictionary<string, string> metadata, BlobRequestConditions? conditions, CancellationToken cancellationToken)
    {
        var upload = Guid.NewGuid(); // two uploads of one blob never share a block's name
        var names = new List<string>();
        var sending = new Queue<Task>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                if (sending.Count == settings.BlocksInFlight)
                {
                    await sending.Dequeue().ConfigureAwait(false);
                }

                var buffer = ArrayPool<byte>.Shared.Rent(settings.BlockBytes);
                int count;
                try
                {
                    count = await content.ReadAtLeastAsync(
                        buffer.AsMemory(0, settings.BlockBytes), settings.BlockBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    throw;
                }

                if (count == 0)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    break;
                }

                if (names.Count == MaxBlocks)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    throw new GmailClusterException(
                        blob.Name, $"is longer than {MaxBlocks} blocks of {settings.BlockBytes} bytes, the most that a blob holds.", "Split the content.");
                }

                names.Add(BlockName(upload, names.Count));
                sending.Enqueue(Send(blob, names[^1], buffer, count, stop.Token));
            }

            while (sending.TryDequeue(out var sent))
            {
                await sent.ConfigureAwait(false);
            }
        }
        catch
        {
            // The buffers of what is still on its way go back to the pool when it ends.
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var options = new CommitBlockListOptions { Metadata = metadata, Conditions = conditions };
        return await StoreSide(async () => (await blob.CommitBlockListAsync(names, options, cancellationToken).ConfigureAwait(false)).Value.ETag, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Send(BlockBlobClient blob, string name, byte[] buffer, int count, CancellationToken cancellationToken)
    {
        try
        {
            using var stream = new MemoryStream(buffer, 0, count, writable: false);
            await StoreSide(async () => (await blob.StageBlockAsync(name, stream, cancellationToken: cancellationToken).ConfigureAwait(false)).Value, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task<T> StoreSide<T>(Func<Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw new StoreSideException(e);
        }
    }

    private static MemoryStream MemoryOf(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);

    private static string BlockName(Guid upload, int number)
    {
        Span<byte> name = stackalloc byte[20]; // every block's name has the same length, as the service demands
        upload.TryWriteBytes(name);
        BinaryPrimitives.WriteInt32BigEndian(name[16..], number);
        return Convert.ToBase64String(name);
    }
}
