using Azure.Storage.Blobs.Models;

namespace GmailCluster.Data.Storage;

/// <summary>
/// A blob's bytes as they come. The SDK's stream below it goes on where it was after a broken connection, in the same version or not at all;
/// what it cannot mend is told as a store's failure.
/// </summary>
internal sealed class BlobReadStream(BlobDownloadStreamingResult answer, string etag, Func<Exception, Exception> translate) : Stream, IVersionedStream
{
    public string ETag { get; } = etag;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            return answer.Content.Read(buffer, offset, count);
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, CancellationToken.None))
        {
            throw translate(e);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await answer.Content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (AzureErrors.IsStoreError(e, cancellationToken))
        {
            throw translate(e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            answer.Dispose();
        }

        base.Dispose(disposing);
    }
}
