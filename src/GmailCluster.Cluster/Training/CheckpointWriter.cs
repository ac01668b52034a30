using System.Threading.Channels;
using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Learning.Optim;
using GmailCluster.Stages;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cluster.Training;

/// <summary>Writes a run's snapshots beside training, one at a time.</summary>
internal sealed partial class CheckpointWriter : IAsyncDisposable
{
    private readonly string _title;
    private readonly CheckpointStore _checkpoints;
    private readonly FlatParameters _layout;
    private readonly int _keep;
    private readonly ILogger<CheckpointWriter> _logger;

    // When the store is slow the next snapshot waits its turn by replacing the one not yet begun.
    private readonly Channel<(Checkpoint Snapshot, CheckpointFence Fence)> _snapshots =
        Channel.CreateBounded<(Checkpoint, CheckpointFence)>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _writing;
    private volatile string? _warning;

    public CheckpointWriter(string title, CheckpointStore checkpoints, FlatParameters layout, int keep, ILogger<CheckpointWriter> logger)
    {
        (_title, _checkpoints, _layout, _keep, _logger) = (title, checkpoints, layout, keep, logger);
        _writing = Task.Run(Write);
    }

    /// <summary>Why the last checkpoint could not be written; null when it was.</summary>
    public string? Warning => _warning;

    public void Add(Checkpoint snapshot, CheckpointFence fence) => _snapshots.Writer.TryWrite((snapshot, fence));

    /// <summary>Writes what was added, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _snapshots.Writer.TryComplete();
        await _writing;
    }

    private async Task Write()
    {
        await foreach (var (snapshot, fence) in _snapshots.Reader.ReadAllAsync())
        {
            var step = snapshot.State.Losses.Count;
            try
            {
                if (!await _checkpoints.Save(_layout, snapshot, _keep, fence, CancellationToken.None))
                {
                    LogFenced(_title, step, fence.GenerationNumber);
                }

                _warning = null;
            }
#pragma warning disable CA1031 // Training goes on without this checkpoint; the next one tries again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _warning = $"the checkpoint of step {step} was not written, training goes on: {StageFailure.From(e).Message}";
                LogNotSaved(_title, step, e);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Title}: the checkpoint of step {Step} was left: the plan of generation number {GenerationNumber} is over; the next plan's writer makes one")]
    private partial void LogFenced(string title, int step, long generationNumber);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Title}: the checkpoint of step {Step} was not saved; training goes on and the next one tries again")]
    private partial void LogNotSaved(string title, int step, Exception exception);
}
