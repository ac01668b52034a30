using System.Diagnostics;
using System.Threading.Channels;

namespace GmailCluster.Learning.Compute;

/// <summary>
/// The silo's compute slots: one dedicated thread each, with one intra-op thread of libtorch, so that a piece of work gives
/// the same bits whichever slot runs it and whatever runs beside it. Work waits its turn in order of arrival.
/// </summary>
public sealed class ComputePool : IAsyncDisposable
{
    private readonly Channel<Action> _queue = Channel.CreateUnbounded<Action>();
    private readonly Thread[] _threads;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private long _busyTicks;
    private int _busySlots;

    /// <summary>Starts the slots.</summary>
    /// <param name="slots">How many pieces of work run at once; usually the number of cores.</param>
    public ComputePool(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slots);
        Slots = slots;
        _running = slots;
        _threads = new Thread[slots];
        for (var i = 0; i < slots; i++)
        {
            _threads[i] = new Thread(Loop) { IsBackground = true, Name = $"compute-{i}" };
            _threads[i].Start();
        }
    }

    /// <summary>How many pieces of work run at once.</summary>
    public int Slots { get; }

    /// <summary>Time that slots have spent working, summed over slots.</summary>
    public TimeSpan Busy => TimeSpan.FromTicks(Interlocked.Read(ref _busyTicks));

    /// <summary>Slots that work at this moment.</summary>
    public int BusySlots => Volatile.Read(ref _busySlots);

    /// <summary>Pieces of work that wait for a slot at this moment.</summary>
    public int WaitingWork => _queue.Reader.Count;

    /// <summary>Runs work on a slot. The work opens its own dispose scope; a tensor that it returns is detached from it.</summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public Task<T> Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _queue.Writer.TryWrite(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                result.TrySetCanceled(cancellationToken);
                return;
            }

            try
            {
                result.TrySetResult(work());
            }
            catch (OperationCanceledException e)
            {
                result.TrySetCanceled(e.CancellationToken);
            }
#pragma warning disable CA1031 // The failure belongs to whoever awaits the work, not to the slot.
            catch (Exception e)
#pragma warning restore CA1031
            {
                result.TrySetException(e);
            }
        });
        ObjectDisposedException.ThrowIf(!queued, this);
        return result.Task;
    }

    /// <inheritdoc cref="Run{T}(Func{T}, CancellationToken)"/>
    public Task Run(Action work, CancellationToken cancellationToken) => Run(
        () =>
        {
            work();
            return true;
        },
        cancellationToken);

    /// <summary>Lets queued work finish, then ends the slots.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _drained.Task.ConfigureAwait(false);
    }

    private void Loop()
    {
        // A default that a thread takes at first use of torch: set here, before this slot touches a tensor.
        set_num_threads(1);
        var reader = _queue.Reader;
        while (WaitForWork(reader))
        {
            while (reader.TryRead(out var work))
            {
                var start = Stopwatch.GetTimestamp();
                Interlocked.Increment(ref _busySlots);
                work();
                Interlocked.Decrement(ref _busySlots);
                Interlocked.Add(ref _busyTicks, Stopwatch.GetElapsedTime(start).Ticks);
            }
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            _drained.TrySetResult();
        }
    }

    // A dedicated thread has nothing else to do: it may block.
    private static bool WaitForWork(ChannelReader<Action> reader)
    {
        var waiting = reader.WaitToReadAsync();
        return waiting.IsCompleted ? waiting.GetAwaiter().GetResult() : waiting.AsTask().GetAwaiter().GetResult();
    }
}
