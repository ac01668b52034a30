namespace GmailCluster.Data.Tests.Storage;

/// <summary>A source as a network gives it: no length, no seeking, odd pieces, and on request a failure in the middle.</summary>
internal sealed class TrickleStream(byte[] content, int failAfterBytes = int.MaxValue, Action<int>? onRead = null) : Stream
{
    private int _position;

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
        if (_position >= failAfterBytes)
        {
            throw new InvalidDataException("the source broke");
        }

        var piece = Math.Min(Math.Min(count, 7_919), content.Length - _position);
        content.AsSpan(_position, piece).CopyTo(buffer.AsSpan(offset));
        _position += piece;
        onRead?.Invoke(_position);
        return piece;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
