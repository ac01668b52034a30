namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// Buffers for one frame each. They are pinned, because a socket would pin them anyway, and kept, because each would be a large
/// object.
/// </summary>
internal sealed class FrameBuffers
{
    private const int Bytes = FrameHeader.Size + FrameHeader.MaxLength;
    private const int MaxKept = 128; // 32 MiB; a large all-reduce of many silos takes more for a while

    private readonly Stack<byte[]> _free = new();
    private readonly Lock _lock = new();

    public byte[] Rent()
    {
        lock (_lock)
        {
            if (_free.TryPop(out var buffer))
            {
                return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
    }

    /// <summary>Takes a buffer back. The copy of a small frame, which has only that frame's size, is let go.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length != Bytes)
        {
            return;
        }

        lock (_lock)
        {
            if (_free.Count < MaxKept)
            {
                _free.Push(buffer);
            }
        }
    }
}
