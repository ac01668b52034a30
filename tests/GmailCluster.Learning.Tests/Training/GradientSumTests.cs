using GmailCluster.Learning.Exchange;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Specs;

namespace GmailCluster.Learning.Tests.Training;

public sealed class GradientSumTests
{
    private const int Half = 20_000;

    private static readonly GradientBuckets Buckets =
        GradientBuckets.Of([new FlatSlice("a", 0, Half, [Half]), new FlatSlice("b", Half, Half, [Half])], 2 * Half, [1, 0]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_leaves_when_all_ranks_here_have_passed_its_stage_and_not_before()
    {
        var exchange = new HeldExchange();
        var (sum, gradients) = Begin(exchange, Buckets);
        gradients[0].Span[Half..].Fill(1);
        gradients[1].Span[Half..].Fill(2);

        sum.Passed(0, Token);
        Assert.Empty(exchange.Sent);
        sum.Passed(0, Token);
        await exchange.HasBegun(0);
        Assert.Equal([3f], exchange.Sent.Single().Partial.ToArray().Distinct()); // the ranks here are added up

        gradients[0].Span[..Half].Fill(4);
        gradients[1].Span[..Half].Fill(5);
        var finish = sum.Finish(exchange, Buckets, Token);
        await exchange.HasBegun(1);
        Assert.Equal([0, 1], exchange.Sent.Select(sent => sent.Bucket));
        Assert.False(finish.IsCompleted);
        exchange.Let();
        await finish;

        Assert.Equal([9f], gradients[0].Span[..Half].ToArray().Distinct());
        Assert.Equal([3f], gradients[0].Span[Half..].ToArray().Distinct());
    }

    [Fact]
    public async Task Before_the_buckets_are_known_all_leave_at_the_end()
    {
        var exchange = new HeldExchange();
        var (sum, _) = Begin(exchange, buckets: null);
        exchange.Let();

        sum.Passed(0, Token);
        sum.Passed(0, Token);
        Assert.Empty(exchange.Sent);
        await sum.Finish(exchange, Buckets, Token);

        Assert.Equal([0, 1], exchange.Sent.Select(sent => sent.Bucket).Order());
    }

    [Fact]
    public async Task A_step_that_has_failed_sends_nothing_more_and_waits_for_what_is_on_its_way()
    {
        var exchange = new HeldExchange();
        var (sum, _) = Begin(exchange, Buckets);
        sum.Passed(0, Token);
        sum.Passed(0, Token);
        await exchange.HasBegun(0);

        var stop = sum.Stop();
        sum.Passed(1, Token);
        sum.Passed(1, Token);
        Assert.False(stop.IsCompleted);
        exchange.Fail(new PeerLostException("s1", "test"));
        await stop;

        Assert.Single(exchange.Sent);
    }

    private static (GradientSum Sum, Memory<float>[] Gradients) Begin(IRunExchange exchange, GradientBuckets? buckets)
    {
        Memory<float>[] gradients = [new float[2 * Half], new float[2 * Half]];
        return (new GradientSum(new StepRound(0, new RankBlock(0, 2), 4, exchange), gradients, buckets, WireType.Float32), gradients);
    }

    /// <summary>An exchange that keeps what it is given until it is told to go on, and then gives it back.</summary>
    private sealed class HeldExchange : IRunExchange
    {
        private readonly TaskCompletionSource _let = new();
        private readonly Dictionary<int, TaskCompletionSource> _begun = new() { [0] = new(), [1] = new() };
        private readonly List<(int Bucket, Memory<float> Partial)> _sent = [];

        public ExchangePlan Plan => throw new NotSupportedException();

        public IReadOnlyList<(int Bucket, Memory<float> Partial)> Sent
        {
            get
            {
                lock (_sent)
                {
                    return [.. _sent];
                }
            }
        }

        public Task HasBegun(int bucket) => _begun[bucket].Task.WaitAsync(TimeSpan.FromSeconds(30), Token);

        public void Let() => _let.SetResult();

        public void Fail(Exception exception) => _let.SetException(exception);

        public Task AllReduce(int step, int bucket, IReadOnlyList<Memory<float>> partials, Memory<float> sum, CancellationToken cancellationToken)
        {
            lock (_sent)
            {
                _sent.Add((bucket, Assert.Single(partials)));
            }

            _begun[bucket].SetResult();
            return _let.Task;
        }

        public Task<byte[]> AllGather(int step, string name, ReadOnlyMemory<byte> own, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
