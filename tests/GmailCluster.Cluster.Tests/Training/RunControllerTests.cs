using System.Threading.Channels;
using GmailCluster.Cluster.Tests.Training.Simulation;
using GmailCluster.Cluster.Training;
using GmailCluster.Grains;
using GmailCluster.Learning.Compute;

namespace GmailCluster.Cluster.Tests.Training;

/// <summary>What a run's owner makes of the reports of silos that only pretend to train.</summary>
public sealed class RunControllerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// The network between s0 and s1 is cut. s2, which both can reach, merely hears from one that the other is lost, and is the
    /// first to tell: that was taken for a wall between s2 and s0, and the two that cannot reach one another were left alone.
    /// </summary>
    [Fact]
    public async Task A_connection_that_breaks_again_parts_the_two_whose_it_was_whoever_tells_of_it()
    {
        await using var pool = new ComputePool(1);
        await using var clock = new FastClock(1);
        await using var cluster = new SimCluster(pool, clock);
        var owner = new ScriptedSilos("s0", "s1", "s2");
        var controller = new RunController(cluster.Stage, 6, owner, owner, new RunOptions(), TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var leading = controller.Run("the run begins", stop.Token);

        Assert.Equal("ranks 0-1 on s0, ranks 2-3 on s1, ranks 4-5 on s2", await owner.NextPlan(Token));
        controller.Report(Hearsay(1));
        Assert.Equal("ranks 0-1 on s0, ranks 2-3 on s1, ranks 4-5 on s2", await owner.NextPlan(Token));
        controller.Report(Hearsay(2));
        Assert.Equal("ranks 0-2 on s0, ranks 3-5 on s2", await owner.NextPlan(Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leading);
    }

    private static RankReport Hearsay(long generation) => new(4, generation, "s2", RankEnding.PeerLost, "s0", "s1 has lost it", LostBy: "s1");

    private sealed class ScriptedSilos(params string[] silos) : IRunSilos, IRunLedger
    {
        private readonly Channel<string> _plans = Channel.CreateUnbounded<string>();

        public long GenerationNumber { get; private set; }

        /// <summary>Who takes which ranks.</summary>
        public async Task<string> NextPlan(CancellationToken cancellationToken)
        {
            var told = await _plans.Reader.ReadAsync(cancellationToken);
            return told[(told.IndexOf(": ", StringComparison.Ordinal) + 2)..told.IndexOf(", from step", StringComparison.Ordinal)];
        }

        public IReadOnlyList<string> Alive() => silos;

        public Task<RunReport> Prepare(string silo, long generationNumber, CancellationToken cancellationToken) =>
            Task.FromResult(new RunReport(silo, RunReadiness.Ready, Node(silo), true, 0));

        public Task<LoadAnswer> Load(string silo, LoadOrder order, CancellationToken cancellationToken) =>
            Task.FromResult(new LoadAnswer(WorkPhase.Ready, Node(silo)));

        public Task<BeginAnswer> Begin(string silo, RankAssignment assignment, CancellationToken cancellationToken) => Task.FromResult(BeginAnswer.Begun);

        public Task Hold(string silo, long generationNumber, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<FinishAnswer> Finish(string silo, FinishOrder order, CancellationToken cancellationToken) => Task.FromResult(new FinishAnswer(WorkPhase.Ready));

        public Task Close(string silo, long generationNumber, bool saveState, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<RunProgress?> GetProgress(string silo, CancellationToken cancellationToken) =>
            Task.FromResult<RunProgress?>(new RunProgress(default, GenerationNumber, 0, null, null, Node(silo), []));

        public Task<long> RaiseGeneration(CancellationToken cancellationToken) => Task.FromResult(++GenerationNumber);

        public Task<int?> FindNewestCheckpoint(CancellationToken cancellationToken) => Task.FromResult<int?>(null);

        public void Tell(string text) => _plans.Writer.TryWrite(text);

        private static RunNode Node(string silo) => new(silo, silo, 1, null);
    }
}
