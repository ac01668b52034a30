namespace GmailCluster.Data.Tests.Storage;

/// <summary>Lets several writers go on together, once the source of each has been asked for its first byte.</summary>
internal sealed class StartingLine(int writers)
{
    private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;

    public Stream Source(byte[] content) => new Waiting(this, content);

    private Task Arrive()
    {
        if (Interlocked.Increment(ref _waiting) == writers)
        {
            _go.SetResult();
        }

        return _go.Task;
    }

    private sealed class Waiting(StartingLine line, byte[] content) : MemoryStream(content)
    {
        private bool _started;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_started)
            {
                _started = true;
                await line.Arrive().WaitAsync(cancellationToken);
            }

            return Read(buffer.Span);
        }

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            await ReadAsync(buffer.AsMemory(offset, count), cancellationToken);
    }
}
