namespace GmailCluster.Cluster.Exchange;

/// <summary>
/// Buffers for one frame each. They are pinned, because a socket would pin them anyway, and kept, because each would be a large
/// object.
/// </summary>
internal sealed class FrameBuffers
{
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

        return GC.AllocateUninitializedArray<byte>(FrameHeader.Size + FrameHeader.MaxLength, pinned: true);
    }

    public void Return(byte[] buffer)
    {
        lock (_lock)
        {
            if (_free.Count < MaxKept)
            {
                _free.Push(buffer);
            }
        }
    }
}
